//! `WWW-Authenticate`: how a registry wants the login (RFC 9110, 11.6.1; the token
//! specification of `distribution`).

use http::{HeaderMap, header};

/// What a registry wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// The login itself.
    Basic,
    /// A token, which the service at `realm` gives for the login.
    Bearer {
        /// The service's address.
        realm: String,
        /// The registry's name at the service.
        service: Option<String>,
    },
}

impl Challenge {
    /// The challenge of a refusal; a token is preferred, as engines do.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
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
        let (mut realm, mut service) = (None, None);
        let mut rest = rest;
        while let Some((name, value, after)) = parameter(rest) {
            match &*name.to_ascii_lowercase() {
                "realm" => realm = Some(value),
                "service" => service = Some(value),
                _ => {}
            }
            rest = after;
        }
        Some(Self::Bearer { realm: realm?, service })
    }
}

/// The first `name=value` or `name="value"` of a list, and what follows it.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (name, rest) = text.trim_start_matches([' ', ',']).split_once('=')?;
    let Some(quoted) = rest.strip_prefix('"') else {
        let end = rest.find(',').unwrap_or(rest.len());
        return Some((name.trim(), rest[..end].trim().to_owned(), &rest[end..]));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((name.trim(), value, &quoted[at + 1..])),
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

    fn of(texts: &[&'static str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(text));
        }
        Challenge::of(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) }
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let hub = "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"a:b,c:pull\"";
        assert_eq!(of(&[hub]), Some(bearer("https://auth.docker.io/token", Some("registry.docker.io"))));
        assert_eq!(of(&["bearer  service=s , realm=\"https://a/\\\"b\""]), Some(bearer("https://a/\"b", Some("s"))));
        let scoped = "bearer service=s, scope=\"repository:a,b:pull\", realm=\"https://r/t\"";
        assert_eq!(of(&[scoped]), Some(bearer("https://r/t", Some("s"))));
        assert_eq!(of(&["Basic realm=\"registry\""]), Some(Challenge::Basic));
        assert_eq!(of(&["basic"]), Some(Challenge::Basic));
        for odd in ["", "Digest realm=\"x\"", "Basically x", "Negotiate", "Bearer"] {
            assert_eq!(of(&[odd]), None, "{odd}");
        }
        for odd in ["Bearer realm=\"https://never-ends", "Bearer service=\"s\""] {
            assert_eq!(of(&[odd]), None, "{odd}");
        }
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_token_is_preferred() {
        assert_eq!(of(&["Basic realm=\"r\"", "Bearer realm=\"https://t/\""]), Some(bearer("https://t/", None)));
    }
}
