//! Query parameters of a request.

use std::collections::BTreeMap;

use http::Uri;

use super::problem::{Problem, ProblemKind};
use super::route::Parameter;

/// The decoded parameters; each occurs at most once and is one of the route's.
#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Decodes the query. An unknown parameter is refused: ignoring it could do something other
    /// than what the client meant.
    pub(super) fn parse(uri: &Uri, known: &[Parameter]) -> Result<Self, Problem> {
        let malformed = |detail: String| Err(Problem::new(ProblemKind::MALFORMED, &detail));
        let mut values = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if !known.iter().any(|parameter| !parameter.is_header && parameter.name == name) {
                return malformed(format!("`{name}` is not a query parameter of this path"));
            }
            if values.contains_key(&*name) {
                return malformed(format!("the query parameter `{name}` occurs twice"));
            }
            values.insert(name.into_owned(), value.into_owned());
        }
        Ok(Self(values))
    }

    /// Returns the value of a parameter as `convert` reads it; a value that it rejects is a problem.
    pub(super) fn get<T>(&self, name: &str, convert: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let invalid =
            || Problem::new(ProblemKind::MALFORMED, &format!("the query parameter `{name}` has an invalid value"));
        self.0.get(name).map(|value| convert(value).ok_or_else(invalid)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use http::Uri;
    use proptest::prelude::*;

    use super::Query;
    use crate::agent::api::routes::ROUTES;

    proptest! {
        #[test]
        fn any_query_is_decoded_or_refused_without_a_panic(query in "[!-~&&[^#]]{0,60}", route in 0..ROUTES.len()) {
            // A query that no URI can have does not arrive here.
            let Ok(uri) = format!("/v1/pulls?{query}").parse::<Uri>() else { return Ok(()) };
            let parameters = ROUTES[route].parameters;
            if let Ok(query) = Query::parse(&uri, parameters) {
                for name in query.0.keys() {
                    prop_assert!(parameters.iter().any(|parameter| parameter.name == name));
                }
            }
        }

        #[test]
        fn a_percent_encoded_value_is_read_back_unchanged(source in any::<String>(), limit in any::<u16>()) {
            let parameters = ROUTES.iter().find(|route| route.operation_id == "submitPull").unwrap().parameters;
            let encode = |name: &str, value: &str| {
                form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
            };
            let uri: Uri = format!("/?{}", encode("source", &source)).parse().unwrap();
            let query = Query::parse(&uri, parameters).unwrap();
            prop_assert_eq!(query.get("source", |value| Some(value.to_owned())).unwrap(), Some(source));
            let uri: Uri = format!("/?{}", encode("limit", &limit.to_string())).parse().unwrap();
            prop_assert!(Query::parse(&uri, parameters).is_err(), "submitPull has no limit");
        }
    }
}
