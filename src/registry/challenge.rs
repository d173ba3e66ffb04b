//! `WWW-Authenticate`: the kind of authentication that a registry requires (RFC 9110, 11.6.1; the
//! token specification of `distribution`).

use http::{HeaderMap, header};

/// The kind of authentication that a registry requires.
#[derive(Debug, PartialEq, Eq)]
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

impl Challenge {
    /// The challenge of a 401 response. A token is preferred, as engines do.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(header::WWW_AUTHENTICATE).into_iter().filter_map(|value| value.to_str().ok());
        let challenges: Vec<_> = texts.filter_map(Self::parse).collect();
        let is_bearer = |challenge: &Self| matches!(challenge, Self::Bearer { .. });
        let preferred = challenges.iter().position(is_bearer).unwrap_or(0);
        challenges.into_iter().nth(preferred)
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service, mut rest) = (None, None, rest);
        while let Some(parameter) = parse_parameter(rest) {
            match &*parameter.name.to_ascii_lowercase() {
                "realm" => realm = Some(parameter.value),
                "service" => service = Some(parameter.value),
                _ => {}
            }
            rest = parameter.rest;
        }
        Some(Self::Bearer { realm: realm?, service })
    }
}

/// One parameter of a challenge, and the rest of the list.
struct Parameter<'a> {
    name: &'a str,
    value: String,
    rest: &'a str,
}

/// Parses the first `name=value` or `name="value"` of a list.
fn parse_parameter(text: &str) -> Option<Parameter<'_>> {
    let (name, rest) = text.trim_start_matches([' ', ',']).split_once('=')?;
    let Some(quoted) = rest.strip_prefix('"') else {
        let end = rest.find(',').unwrap_or(rest.len());
        return Some(Parameter { name: name.trim(), value: rest[..end].trim().to_owned(), rest: &rest[end..] });
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some(Parameter { name: name.trim(), value, rest: &quoted[index + 1..] }),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Challenge;
    use http::{HeaderMap, HeaderValue, header};

    fn parse(texts: &[&'static str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(text));
        }
        Challenge::from_headers(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) }
    }

    #[test]
    fn challenges_of_real_registries_are_parsed() {
        let hub = "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"a:b,c:pull\"";
        assert_eq!(parse(&[hub]), Some(bearer("https://auth.docker.io/token", Some("registry.docker.io"))));
        assert_eq!(parse(&["bearer  service=s , realm=\"https://a/\\\"b\""]), Some(bearer("https://a/\"b", Some("s"))));
        let scoped = "bearer service=s, scope=\"repository:a,b:pull\", realm=\"https://r/t\"";
        assert_eq!(parse(&[scoped]), Some(bearer("https://r/t", Some("s"))));
        assert_eq!(parse(&["Basic realm=\"registry\""]), Some(Challenge::Basic));
        assert_eq!(parse(&["basic"]), Some(Challenge::Basic));
        for odd in ["", "Digest realm=\"x\"", "Basically x", "Negotiate", "Bearer"] {
            assert_eq!(parse(&[odd]), None, "{odd}");
        }
        for odd in ["Bearer realm=\"https://never-ends", "Bearer service=\"s\""] {
            assert_eq!(parse(&[odd]), None, "{odd}");
        }
        assert_eq!(parse(&[]), None);
    }

    #[test]
    fn a_bearer_challenge_precedes_a_basic_one() {
        assert_eq!(parse(&["Basic realm=\"r\"", "Bearer realm=\"https://t/\""]), Some(bearer("https://t/", None)));
    }
}
