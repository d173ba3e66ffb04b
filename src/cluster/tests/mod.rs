//! Properties of the cluster query language.

use proptest::prelude::*;

use super::{Attributes, Expression};

/// An expression of the language, and its value for an instance with the attribute `a` = `x`.
fn expression() -> impl Strategy<Value = (String, Option<bool>)> {
    let term = prop_oneof![
        Just(("attribute:a == x".to_owned(), Some(true))),
        Just(("attribute:a in [x, 'y']".to_owned(), Some(true))),
        Just(("attribute:a !exists".to_owned(), Some(false))),
        Just(("attribute:b =~ x.*".to_owned(), Some(false))),
        Just(("task:group == \"g\"".to_owned(), None)),
    ];
    let and = |left: Option<bool>, right: Option<bool>| match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    };
    term.prop_recursive(6, 24, 2, move |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            inner.prop_map(|(text, value)| (format!("!({text})"), value.map(|value| !value))),
            pair.clone().prop_map(move |((a, x), (b, y))| (format!("({a}) and ({b})"), and(x, y))),
            pair.prop_map(move |((a, x), (b, y))| {
                let not = |value: Option<bool>| value.map(|value| !value);
                (format!("({a}) || ({b})"), not(and(not(x), not(y))))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn every_generated_expression_has_the_value_of_its_parts((text, value) in expression()) {
        let attributes: Attributes = [("a".to_owned(), "x".to_owned())].into();
        let parsed = Expression::parse(&text);
        prop_assert!(parsed.is_some(), "{}", text);
        prop_assert_eq!(parsed.and_then(|expression| expression.evaluate(&attributes)), value, "{}", text);
    }

    #[test]
    fn no_text_makes_the_expression_parser_panic(text in "[a-z:()\\[\\]!=~<>&|'\" ,.*ü-]{0,40}|\\PC{0,60}") {
        if let Some(expression) = Expression::parse(&text) {
            prop_assert!(expression.evaluate(&Attributes::new()).is_none_or(|_| !text.trim().is_empty()));
        }
    }
}
