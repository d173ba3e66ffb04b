//! The values in a request's query, as its route names them.

use http::Uri;

use super::problem::{Kind, Problem};
use super::routes::Route;

/// The values, each at most once.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads them; a name that means nothing is refused, since its sender meant something.
    pub(super) fn read(uri: &Uri, route: &Route) -> Result<Self, Problem> {
        let malformed = |said: String| Problem::new(Kind::Malformed, &said);
        let mut values: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if !route.parameters.iter().any(|parameter| !parameter.is_header && parameter.name == name) {
                return Err(malformed(format!("`{name}` means nothing in this query")));
            }
            if values.iter().any(|(known, _)| *known == name) {
                return Err(malformed(format!("`{name}` is there twice")));
            }
            values.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(values))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The value as something better than a text.
    pub(super) fn parse<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let parsed =
            |value| parse(value).ok_or_else(|| Problem::new(Kind::Malformed, &format!("`{name}` cannot be that")));
        self.get(name).map(parsed).transpose()
    }
}
