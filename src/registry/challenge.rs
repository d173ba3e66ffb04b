//! `WWW-Authenticate`: the kinds of authentication that a registry offers (RFC 9110, 11.6.1; the
//! token specification of `distribution`; RFC 6750, section 3, for the error of a token).

use http::{HeaderMap, header};

/// A kind of authentication that taskpull supports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// The login itself, as HTTP basic authentication.
    Basic,
    /// A token, which the token service gives in exchange for the login.
    Bearer {
        /// The address of the token service.
        realm: String,
        /// The registry's name at the token service.
        service: Option<String>,
    },
}

/// Everything that a response offers. One header line may hold several challenges, and a response
/// several lines.
#[derive(Debug, Default)]
pub(crate) struct Challenges(Vec<Offer>);

/// The reason why a registry does not accept a token (RFC 6750, 3.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenError {
    /// The code of a registry's answer that engines take for it.
    pub code: &'static str,
    /// The registry's words, or the words of that code.
    pub text: String,
}

/// One challenge of any scheme.
#[derive(Debug)]
struct Offer {
    /// The scheme as the server writes it: `Basic`, `BEARER`, `Negotiate`.
    scheme: String,
    /// The parameters in their order; the names are in lower case.
    parameters: Vec<Parameter>,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    value: String,
}

impl Challenges {
    /// The challenges of a response. Text that is no challenge is skipped.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let texts = headers.get_all(header::WWW_AUTHENTICATE).into_iter().filter_map(|value| value.to_str().ok());
        Self(texts.flat_map(parse).collect())
    }

    /// The challenge to answer. A token is preferred, as engines do.
    pub(crate) fn preferred(&self) -> Option<Challenge> {
        let challenges: Vec<_> = self.0.iter().filter_map(Offer::challenge).collect();
        let bearer = challenges.iter().find(|challenge| matches!(challenge, Challenge::Bearer { .. }));
        bearer.or(challenges.first()).cloned()
    }

    /// The names of all schemes that are offered, for an error.
    pub(super) fn schemes(&self) -> Vec<String> {
        self.0.iter().map(|offer| offer.scheme.clone()).collect()
    }

    /// The reason why the registry does not accept the token that was sent, if it gives one.
    pub(super) fn token_error(&self) -> Option<TokenError> {
        let bearer = self.0.iter().filter(|offer| offer.is("bearer"));
        bearer.flat_map(|offer| Some((offer, offer.parameter("error")?))).find_map(|(offer, error)| {
            let (code, message) = match error {
                "invalid_token" => ("unauthorized", "authentication required"),
                "insufficient_scope" => ("denied", "requested access to the resource is denied"),
                _ => return None,
            };
            let text = offer.parameter("error_description").filter(|text| !text.is_empty()).unwrap_or(message);
            Some(TokenError { code, text: text.to_owned() })
        })
    }
}

impl Offer {
    fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rfind(|parameter| parameter.name == name).map(|parameter| parameter.value.as_str())
    }

    fn challenge(&self) -> Option<Challenge> {
        if self.is("basic") {
            return Some(Challenge::Basic);
        }
        if !self.is("bearer") {
            return None;
        }
        let realm = self.parameter("realm")?.to_owned();
        Some(Challenge::Bearer { realm, service: self.parameter("service").map(str::to_owned) })
    }
}

/// Parses one header line. A word before `=` is a parameter of the last scheme, and any other word is
/// a scheme (or a `token68`, which is harmless as one).
fn parse(line: &str) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=', '"']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            return offers;
        }
        let value = after.trim_start_matches([' ', '\t']).strip_prefix('=');
        let (Some(value), Some(offer)) = (value, offers.last_mut()) else {
            offers.push(Offer { scheme: word.to_owned(), parameters: Vec::new() });
            rest = after;
            continue;
        };
        // A quoted value without an end makes the rest of the line unreadable.
        let Some((value, after)) = parse_value(value.trim_start_matches([' ', '\t'])) else { return offers };
        offer.parameters.push(Parameter { name: word.to_ascii_lowercase(), value });
        rest = after;
    }
}

/// Parses `"value"` or `value`, and returns the text after it.
fn parse_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find([' ', '\t', ',']).unwrap_or(text.len()));
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[index + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Challenge, Challenges};
    use http::{HeaderMap, HeaderValue, header};

    fn challenges(texts: &[&'static str]) -> Challenges {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(text));
        }
        Challenges::from_headers(&headers)
    }

    fn parse(texts: &[&'static str]) -> Option<Challenge> {
        challenges(texts).preferred()
    }

    fn bearer(realm: &str, service: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
    }

    #[test]
    fn challenges_of_real_registries_are_parsed() {
        for (line, expected) in [
            (
                "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"a:b,c:pull\"",
                bearer("https://auth.docker.io/token", Some("registry.docker.io")),
            ),
            (
                "Bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\",scope=\"repository:user/image:pull\"",
                bearer("https://ghcr.io/token", Some("ghcr.io")),
            ),
            (
                "Bearer realm=\"https://r.example:443/artifactory/api/docker/key/v2/token\",service=\"r.example:443\"",
                bearer("https://r.example:443/artifactory/api/docker/key/v2/token", Some("r.example:443")),
            ),
            ("BASIC realm=\"Sonatype Nexus Repository Manager\"", Some(Challenge::Basic)),
            (
                "Basic realm=\"https://1.dkr.ecr.us-east-1.amazonaws.com/\",service=\"ecr.amazonaws.com\"",
                Some(Challenge::Basic),
            ),
            ("basic", Some(Challenge::Basic)),
        ] {
            assert_eq!(parse(&[line]), expected, "{line}");
        }
    }

    #[test]
    fn every_spelling_of_a_challenge_is_understood() {
        assert_eq!(parse(&["bearer  service=s , realm=\"https://a/\\\"b\""]), bearer("https://a/\"b", Some("s")));
        let scoped = "bearer service=s, scope=\"repository:a,b:pull\", realm=\"https://r/t\"";
        assert_eq!(parse(&[scoped]), bearer("https://r/t", Some("s")));
        assert_eq!(parse(&["Bearer Realm = \"https://r/t\" SERVICE=s"]), bearer("https://r/t", Some("s")));
        assert_eq!(parse(&["BEARER realm=https://r/t,service="]), bearer("https://r/t", Some("")));
    }

    #[test]
    fn text_without_a_known_challenge_gives_none() {
        for odd in ["", "Digest realm=\"x\"", "Basically x", "Negotiate", "Negotiate YII=", "Bearer", "=", "\"", "a=b"]
        {
            assert_eq!(parse(&[odd]), None, "{odd}");
        }
        for odd in ["Bearer realm=\"https://never-ends", "Bearer service=\"s\""] {
            assert_eq!(parse(&[odd]), None, "{odd}");
        }
        assert_eq!(parse(&[]), None);
        assert_eq!(challenges(&["Negotiate, NTLM", "Digest realm=\"x\""]).schemes(), ["Negotiate", "NTLM", "Digest"]);
    }

    #[test]
    fn a_bearer_challenge_precedes_a_basic_one() {
        let token = bearer("https://t/", None);
        assert_eq!(parse(&["Basic realm=\"r\"", "Bearer realm=\"https://t/\""]), token);
        assert_eq!(parse(&["Basic realm=\"r\", Bearer realm=\"https://t/\""]), token);
        assert_eq!(parse(&["Negotiate", "Bearer realm=\"https://t/\", Basic realm=\"r\""]), token);
        assert_eq!(parse(&["Negotiate YII=, Basic realm=\"r, Bearer realm=x\""]), Some(Challenge::Basic));
    }

    #[test]
    fn the_error_of_a_token_is_read() {
        let error = |text| challenges(&[text]).token_error().map(|error| format!("{}: {}", error.code, error.text));
        let scope = "Bearer realm=\"https://t/\",error=\"insufficient_scope\"";
        assert_eq!(error(scope).as_deref(), Some("denied: requested access to the resource is denied"));
        let described = "Bearer realm=\"https://t/\",error=\"invalid_token\",error_description=\"it has expired\"";
        assert_eq!(error(described).as_deref(), Some("unauthorized: it has expired"));
        assert_eq!(error("Bearer realm=\"https://t/\",error=\"invalid_request\""), None);
        assert_eq!(error("Basic realm=\"r\",error=\"invalid_token\""), None);
    }
}
