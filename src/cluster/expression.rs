//! The cluster query language of ECS, as far as placement constraints use it (`memberOf`).
//!
//! An expression about an instance is true, false or unknown, because it may refer to properties
//! that taskpull does not know.

use super::{node::Attributes, node::Node, parser};

/// A parsed expression of the cluster query language.
#[derive(Debug)]
pub struct Expression(Node);

impl Expression {
    /// Parses an expression; `None` if the text is not one, or uses an operator that taskpull does
    /// not know.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parser::parse(text).map(Self)
    }

    /// Whether the expression holds for an instance; `None` if the attributes do not decide it.
    #[must_use]
    pub fn evaluate(&self, attributes: &Attributes) -> Option<bool> {
        self.0.evaluate(attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::Expression;
    use crate::cluster::Attributes;

    fn evaluate(text: &str) -> Option<bool> {
        let attributes = [
            ("ecs.instance-type", "t3.large"),
            ("ecs.availability-zone", "eu-west-1a"),
            ("stack", "web"),
            ("gpu", ""),
            ("ec2InstanceId", "i-1"),
        ];
        let attributes: Attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Expression::parse(text).unwrap_or_else(|| panic!("{text}")).evaluate(&attributes)
    }

    #[test]
    fn each_operator_works_as_ecs_documents_it() {
        for (text, expected) in [
            ("attribute:stack == web", Some(true)),
            ("attribute:stack equals api", Some(false)),
            ("attribute:stack != web", Some(false)),
            ("attribute:absent != web", Some(true)),
            ("attribute:ecs.instance-type =~ t3.*", Some(true)),
            ("attribute:ecs.instance-type =~ (t2|t3).*", Some(true)),
            ("attribute:ecs.instance-type =~ t3", Some(false)),
            ("attribute:ecs.instance-type !~ g2.*", Some(true)),
            ("attribute:ecs.availability-zone in [eu-west-1a, eu-west-1b]", Some(true)),
            ("attribute:ecs.availability-zone not_in [eu-west-1a]", Some(false)),
            ("attribute:ecs.availability-zone !in [us-east-1a]", Some(true)),
            ("attribute:gpu exists", Some(true)),
            ("attribute:gpu !exists", Some(false)),
            ("attribute:tpu not_exists", Some(true)),
            ("ec2InstanceId in ['i-1', 'i-2']", Some(true)),
        ] {
            assert_eq!(evaluate(text), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_term_matters_only_if_no_other_decides() {
        for (text, expected) in [
            ("runningTasksCount < 3", None),
            ("task:group == service:production", None),
            ("task:group == service:production and attribute:stack == api", Some(false)),
            ("task:group == service:production or attribute:stack == web", Some(true)),
            ("not (task:group == service:production)", None),
        ] {
            assert_eq!(evaluate(text), expected, "{text}");
        }
    }

    #[test]
    fn and_binds_stronger_than_or() {
        for (text, expected) in [
            ("attribute:stack == web && attribute:gpu exists", true),
            ("attribute:stack == api || attribute:gpu exists && attribute:tpu exists", false),
            ("(attribute:stack == api || attribute:gpu exists) and !(attribute:tpu exists)", true),
            ("not(attribute:ecs.instance-type =~ g2.*) and attribute:stack equals web", true),
        ] {
            assert_eq!(evaluate(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_an_expression_is_refused() {
        let deep = format!("{}attribute:a exists{}", "(".repeat(1_000), ")".repeat(1_000));
        for text in [
            "",
            "attribute:a",
            "attribute:a is b",
            "(attribute:a exists",
            "attribute:a in []",
            "a =~ (",
            "a == b c",
            &deep,
        ] {
            assert!(Expression::parse(text).is_none(), "{text}");
        }
    }
}
