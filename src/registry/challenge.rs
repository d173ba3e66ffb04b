//! `WWW-Authenticate`: how a registry wants a login (RFC 9110, and the token specification of
//! the distribution project). Pure.

/// What a registry asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// The login itself.
    Basic,
    /// A token, for which the login is shown to a service.
    Bearer {
        /// Where the service is.
        realm: String,
        /// The name it knows the registry by.
        service: Option<String>,
    },
}

impl Challenge {
    /// The first challenge of the headers that can be met; a token before a login.
    pub(super) fn read(headers: &[&str]) -> Option<Self> {
        let find = |read: fn(&str) -> Option<Self>| headers.iter().find_map(|header| read(header));
        find(bearer).or_else(|| find(basic))
    }
}

fn parameters<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    let begin = header.get(..scheme.len())?;
    let rest = &header[scheme.len()..];
    let is_it = begin.eq_ignore_ascii_case(scheme) && (rest.is_empty() || rest.starts_with(' '));
    is_it.then(|| rest.trim())
}

fn basic(header: &str) -> Option<Challenge> {
    parameters(header.trim(), "Basic").map(|_| Challenge::Basic)
}

fn bearer(header: &str) -> Option<Challenge> {
    let mut rest = parameters(header.trim(), "Bearer")?;
    let (mut realm, mut service) = (None, None);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = value(after)?;
        match name.trim().to_ascii_lowercase().as_str() {
            "realm" => realm = Some(value),
            "service" => service = Some(value),
            _ => {}
        }
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    Some(Challenge::Bearer { realm: realm?, service })
}

/// A value, quoted or not, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return Some((text[..end].trim().to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            character => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Challenge;

    fn read(header: &str) -> Option<Challenge> {
        Challenge::read(&[header])
    }

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) }
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#;
        assert_eq!(read(hub), Some(bearer("https://auth.docker.io/token", Some("registry.docker.io"))));
        let scoped = r#"bearer service=s, scope="repository:a,b:pull", realm="https://r/t""#;
        assert_eq!(read(scoped), Some(bearer("https://r/t", Some("s"))));
        assert_eq!(read(r#"Bearer realm="a\"b""#), Some(bearer("a\"b", None)));
        assert_eq!(read(r#"Basic realm="r""#), Some(Challenge::Basic));
        assert_eq!(read("basic"), Some(Challenge::Basic));
        for none in ["", "Bearer", "Bearer realm=\"open", "Basically x", "Negotiate", "Bearer service=\"s\""] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn a_token_is_preferred() {
        let both = ["Basic realm=\"r\"", "Bearer realm=\"https://r/t\""];
        assert_eq!(Challenge::read(&both), Some(bearer("https://r/t", None)));
    }
}
