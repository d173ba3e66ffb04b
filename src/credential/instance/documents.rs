//! The two documents that hold a host's own credentials: the ECS agent's
//! `ECS_ENGINE_AUTH_DATA`, and a Docker `config.json`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use zeroize::Zeroizing;

use super::entry::{Entry, Pairs, logins};
use super::fault::Fault;
use crate::credential::Login;
use crate::credential::scope::Scope;
use crate::secret::Secret;

/// The longest document, in bytes.
const LIMIT: usize = 1_024 * 1_024;

/// What a Docker `config.json` says.
#[derive(Debug, Default)]
pub(super) struct DockerConfig {
    pub(super) logins: Vec<(Scope, Login)>,
    /// Helpers for a registry each, by what follows `docker-credential-`.
    pub(super) helpers: Vec<(Scope, String)>,
    /// The helper for all others.
    pub(super) store: Option<String>,
}

/// The logins of `ECS_ENGINE_AUTH_DATA`. Its two types differ in how an entry holds the
/// login, and an entry says that by itself.
pub(super) fn engine_auth_data(data: &Secret) -> Result<Vec<(Scope, Login)>, Fault> {
    #[expect(clippy::disallowed_methods, reason = "the one reader of ECS_ENGINE_AUTH_DATA")]
    let entries: Pairs<Entry> = parsed(data.expose())?;
    logins(entries, false)
}

/// Reads a `config.json`.
pub(super) fn docker_config(path: &Path) -> Result<DockerConfig, Fault> {
    let unreadable = |error: std::io::Error| Fault::Unreadable(error.kind());
    let file = File::open(path).map_err(unreadable)?;
    let expected = file.metadata().map_or(0, |about| usize::try_from(about.len()).unwrap_or(LIMIT)).min(LIMIT);
    // A buffer that grows leaves its old contents behind.
    let mut text = Zeroizing::new(String::with_capacity(expected + 64));
    let length = file.take(LIMIT as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
    if length > LIMIT {
        return Err(Fault::Long);
    }
    of_docker_config(&text)
}

/// The keys that matter of the many that Docker keeps in this file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    #[serde(default)]
    auths: Pairs<Entry>,
    #[serde(default)]
    cred_helpers: Pairs<String>,
    creds_store: Option<String>,
}

fn of_docker_config(text: &str) -> Result<DockerConfig, Fault> {
    let keys: Keys = parsed(text)?;
    let mut helpers: Vec<(Scope, String)> = Vec::new();
    for (at, (key, name)) in keys.cred_helpers.0.into_iter().enumerate() {
        let scope = Scope::parse(&key).ok_or(Fault::NoRegistry(at + 1))?;
        if helpers.iter().any(|(known, _)| *known == scope) {
            return Err(Fault::Twice(at + 1));
        }
        helpers.push((scope, helper_name("credHelpers", name)?));
    }
    let store = keys.creds_store.filter(|name| !name.is_empty());
    let store = store.map(|name| helper_name("credsStore", name)).transpose()?;
    // Docker leaves an empty entry for each registry whose login is in the store.
    Ok(DockerConfig { logins: logins(keys.auths, true)?, helpers, store })
}

/// The name becomes part of a program's name: it must not lead anywhere else.
fn helper_name(key: &'static str, name: String) -> Result<String, Fault> {
    let is_one = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if is_one { Ok(name) } else { Err(Fault::HelperName(key)) }
}

/// Serde's own texts quote what they found, so only the place is kept. The syntax is read
/// first, so that a slip in it is not told as a wrong form.
fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let place = |error: &serde_json::Error| (error.line(), error.column());
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| {
        let (line, column) = place(&error);
        Fault::NotJson(line, column)
    })?;
    if !text.trim_start().starts_with('{') {
        return Err(Fault::Form(1, 1));
    }
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = place(&error);
        Fault::Form(line, column)
    })
}

#[cfg(test)]
mod tests {
    use super::{engine_auth_data, of_docker_config};
    use crate::credential::Login;
    use crate::secret::Secret;

    /// `user:password` of each login, or `token:` and the token.
    fn values(logins: &[(super::Scope, Login)]) -> Vec<(String, String)> {
        #[expect(clippy::disallowed_methods, reason = "the test compares the values")]
        let value = |login: &Login| match login {
            Login::Anonymous => "anonymous".to_owned(),
            Login::Password { username, password } => format!("{}:{}", username.expose(), password.expose()),
            Login::IdentityToken(token) => format!("token:{}", token.expose()),
        };
        logins.iter().map(|(scope, login)| (scope.name(), value(login))).collect()
    }

    fn said(text: &str) -> String {
        engine_auth_data(&Secret::new(text.to_owned())).unwrap_err().to_string()
    }

    #[test]
    fn both_forms_of_the_ecs_agent_are_read() {
        let data = r#"{"https://index.docker.io/v1/": {"auth": "bWU6aHVudGVyMjp4", "email": "a@b.example"},
            "reg.example/team": {"username": "me", "password": "hunter2", "email": ""},
            "other.example": {"identitytoken": "tok", "auth": "bWU6"}}"#;
        let logins = engine_auth_data(&Secret::new(data.to_owned())).unwrap();
        let expected =
            [("docker.io", "me:hunter2:x"), ("reg.example/team", "me:hunter2"), ("other.example", "token:tok")];
        assert_eq!(values(&logins), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert!(!format!("{logins:?}").contains("hunter2"));
    }

    #[test]
    fn each_way_of_being_wrong_has_its_own_words_and_repeats_nothing() {
        let table = [
            ("hunter2", "it is not JSON (line 1, column 1)"),
            (r#"["hunter2"]"#, "it is JSON, but not of the documented form (line 1, column 1)"),
            (r#"{"r.example": "hunter2"}"#, "it is JSON, but not of the documented form (line 1, column 23)"),
            (r#"{"r.example": {"auth": 2}}"#, "it is JSON, but not of the documented form (line 1, column 24)"),
            (
                r#"{"me:hunter2@r": {"auth": "bTpw"}}"#,
                "the key of entry 1 is not a registry's host, with or without a path",
            ),
            (r#"{"r.example": {"pass": "hunter2"}}"#, "entry 1 has no login"),
            (r#"{"auths": {"r.example": {"auth": "bTpw"}}}"#, "entry 1 has no login"),
            (
                r#"{"r.example": {"username": "hunter2"}}"#,
                "entry 1 has a user name without a password, or a password without a user name",
            ),
            (
                r#"{"r.example": {"auth": "aHVudGVyMjo="}}"#,
                "entry 1 has a user name without a password, or a password without a user name",
            ),
            (r#"{"r.example": {"auth": "me:hunter2"}}"#, "`auth` of entry 1 is not the base64 of a text"),
            (r#"{"r.example": {"auth": "/////w=="}}"#, "`auth` of entry 1 is not the base64 of a text"),
            (
                r#"{"r.example": {"auth": "aHVudGVyMg=="}}"#,
                "`auth` of entry 1 is not the base64 of `user:password`: it has no colon",
            ),
            (
                r#"{"r.example": {"registrytoken": "hunter2"}}"#,
                "entry 1 has a `registrytoken`, which is good for one request only",
            ),
            (
                r#"{"docker.io": {"auth": "bTpw"}, "index.docker.io": {"auth": "bTpw"}}"#,
                "entry 2 is for the same registry and path as one before it",
            ),
        ];
        for (text, words) in table {
            assert_eq!(said(text), words, "{text}");
        }
    }

    #[test]
    fn a_docker_config_has_logins_helpers_and_a_store() {
        let text = r#"{"auths": {"reg.example": {"auth": "bWU6aHVudGVyMg"}, "kept.example": {}},
            "credHelpers": {"ecr.example": "ecr-login"}, "credsStore": "pass", "HttpHeaders": {"a": "b"}}"#;
        let config = of_docker_config(text).unwrap();
        assert_eq!(values(&config.logins), [("reg.example".to_owned(), "me:hunter2".to_owned())]);
        assert_eq!((config.helpers[0].0.name(), &*config.helpers[0].1), ("ecr.example".to_owned(), "ecr-login"));
        assert_eq!(config.store.as_deref(), Some("pass"));
    }

    #[test]
    fn a_helper_is_a_name_and_never_a_path() {
        for name in ["../../bin/sh", "a b", "a;b", "ä", "a.b"] {
            assert!(of_docker_config(&format!(r#"{{"credsStore": "{name}"}}"#)).is_err(), "{name}");
            assert!(of_docker_config(&format!(r#"{{"credHelpers": {{"r.example": "{name}"}}}}"#)).is_err(), "{name}");
        }
        assert!(of_docker_config(r#"{"credHelpers": {"r.example": ""}}"#).is_err());
    }
}
