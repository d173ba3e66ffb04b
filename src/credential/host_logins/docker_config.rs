//! The two documents that hold a host's own credentials: the ECS agent's
//! `ECS_ENGINE_AUTH_DATA`, and a Docker `config.json`.
//!
//! Keys are found in any case of their letters, as the agent and Docker find them. What could
//! be a login and is not understood is refused: to pass it over would pull anonymously.
//! An entry is told by its number and never by its key or its text: what stands in the wrong
//! place can be a password.

use std::path::Path;

use super::config_error::HostLoginConfigFault;
use crate::credential::Login;
use crate::credential::content::ContentFault;
use crate::credential::content::docker_auth_entry::login_of;
use crate::credential::content::json::{Node, Object, ParseWarnings};
use crate::credential::scope::{Scope, is_no_login};
use crate::regular_file::{RegularFileError, read_regular_file};
use crate::secret::Secret;

/// The longest document, in bytes.
const LIMIT: usize = 1_024 * 1_024;

/// The keys of a `config.json` that are about logins, of the many that Docker keeps there.
const KEYS: [&str; 3] = ["auths", "credHelpers", "credsStore"];

/// What a Docker `config.json` says.
#[derive(Debug, Default)]
pub(super) struct DockerConfig {
    pub(super) logins: Vec<(Scope, Login)>,
    /// What has an entry without a login: Docker gave it to a helper or the store.
    pub(super) empty: Vec<Scope>,
    /// Helpers for a registry each, by what follows `docker-credential-`.
    pub(super) helpers: Vec<(Scope, String)>,
    /// The helper for all others.
    pub(super) store: Option<String>,
}

/// The logins of `ECS_ENGINE_AUTH_DATA`. Its two types differ in how an entry holds the
/// login, and an entry says that by itself.
pub(super) fn engine_auth_data(data: &Secret) -> Result<Vec<(Scope, Login)>, HostLoginConfigFault> {
    let mut logins = Vec::new();
    for (number, scope, login) in entries(&object(text_of(data))?)? {
        add(&mut logins, number, scope, login.ok_or(HostLoginConfigFault::NoLogin(number))?)?;
    }
    Ok(logins)
}

/// Reads a `config.json`.
pub(super) fn docker_config(path: &Path) -> Result<DockerConfig, HostLoginConfigFault> {
    let bytes = read_regular_file(path, LIMIT).map_err(|error| match error {
        RegularFileError::Unreadable(error) => HostLoginConfigFault::Unreadable(error.kind()),
        RegularFileError::NotRegular => HostLoginConfigFault::NotRegular,
        RegularFileError::TooLong => HostLoginConfigFault::Long,
    })?;
    of_docker_config(std::str::from_utf8(&bytes).map_err(|_| HostLoginConfigFault::NotText)?)
}

fn of_docker_config(text: &str) -> Result<DockerConfig, HostLoginConfigFault> {
    let config = object(text)?;
    if let Some(meant) = config.entries().find_map(|(key, _)| resembled(key)) {
        return Err(HostLoginConfigFault::Resembles(meant));
    }
    let get = |key| config.get(key, &mut ParseWarnings::default()).map_err(|_| HostLoginConfigFault::KeyTwice(key));
    // `null` is none, for Docker too.
    let (auths, helpers, store) = (get("auths")?, get("credHelpers")?, get("credsStore")?);
    if auths.is_none() && helpers.is_none() && store.is_none() {
        return Err(HostLoginConfigFault::Nothing);
    }
    let mut found = DockerConfig { store: store.map(store_of).transpose()?.flatten(), ..DockerConfig::default() };
    if let Some(node) = helpers {
        found.helpers = helpers_of(node)?;
    }
    if let Some(node) = auths {
        let Node::Object(auths) = node else { return Err(HostLoginConfigFault::Form("auths", "an object")) };
        for (number, scope, login) in entries(auths)? {
            match login {
                Some(login) => add(&mut found.logins, number, scope, login)?,
                None => found.empty.push(scope),
            }
        }
    }
    Ok(found)
}

/// The entries with what they cover and their number, from 1.
fn entries(of: &Object) -> Result<Vec<(usize, Scope, Option<Login>)>, HostLoginConfigFault> {
    let entries = of.entries().enumerate().filter(|(_, (key, _))| !is_no_login(key));
    let entries = entries.map(|(at, (key, node))| {
        let number = at + 1;
        let scope = Scope::parse(key).ok_or(HostLoginConfigFault::NoRegistry(number))?;
        let login = login_of(node, &mut ParseWarnings::default())
            .map_err(|fault| HostLoginConfigFault::Entry(number, fault))?;
        Ok((number, scope, login))
    });
    entries.collect()
}

/// One more of a kind, unless there is one for the same already.
fn add<T>(known: &mut Vec<(Scope, T)>, number: usize, scope: Scope, value: T) -> Result<(), HostLoginConfigFault> {
    if known.iter().any(|(other, _)| *other == scope) {
        return Err(HostLoginConfigFault::Twice(number));
    }
    known.push((scope, value));
    Ok(())
}

fn helpers_of(node: &Node) -> Result<Vec<(Scope, String)>, HostLoginConfigFault> {
    let wrong = || HostLoginConfigFault::Form("credHelpers", "an object of strings");
    let Node::Object(names) = node else { return Err(wrong()) };
    let mut helpers = Vec::new();
    for (at, (key, name)) in names.entries().enumerate() {
        let Node::Text(name) = name else { return Err(wrong()) };
        let scope = Scope::parse(key).ok_or(HostLoginConfigFault::NoRegistry(at + 1))?;
        add(&mut helpers, at + 1, scope, helper_name("credHelpers", text_of(name))?)?;
    }
    Ok(helpers)
}

/// An empty name is none, for Docker too.
fn store_of(node: &Node) -> Result<Option<String>, HostLoginConfigFault> {
    match node {
        Node::Text(name) if name.is_empty() => Ok(None),
        Node::Text(name) => helper_name("credsStore", text_of(name)).map(Some),
        _ => Err(HostLoginConfigFault::Form("credsStore", "a string")),
    }
}

/// The name becomes part of a program's name: it must not lead anywhere else.
fn helper_name(key: &'static str, name: &str) -> Result<String, HostLoginConfigFault> {
    let is_one = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if is_one { Ok(name.to_owned()) } else { Err(HostLoginConfigFault::HelperName(key)) }
}

/// The key that an unknown one was probably meant for. Docker has no other that begins with
/// `auth` or `cred`, and none that is two letters from one of these.
fn resembled(key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase();
    let known = KEYS.map(|known| (known, distance(&key, &known.to_ascii_lowercase())));
    let (nearest, distance) = known.into_iter().min_by_key(|(_, distance)| *distance)?;
    let begins_so = key.starts_with("auth") || key.starts_with("cred");
    (distance > 0 && (distance <= 2 || begins_so)).then_some(nearest)
}

/// How many letters must be put in, taken out or changed to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (to, b) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[to + 1];
            row[to + 1] = changed.min(diagonal + 1).min(row[to] + 1);
        }
    }
    row[other.len()]
}

/// The one object of a document.
fn object(text: &str) -> Result<Object, HostLoginConfigFault> {
    Object::parse(text).map_err(|fault| match fault {
        ContentFault::NotJson { line, column } => HostLoginConfigFault::NotJson(line, column),
        _ => HostLoginConfigFault::NotAnObject,
    })
}

fn text_of(secret: &Secret) -> &str {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the host's own logins")]
    secret.expose()
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
        let known = "it has a key other than `auth`, `username`, `password`, `email`, `serveraddress`, `identitytoken`, `registrytoken`";
        let unknown = format!("entry 1: {known}");
        let half = "entry 1: it has a user name without a password, or a password without a user name";
        let table = [
            ("hunter2", "it is not JSON (line 1, column 1)"),
            (r#"{"r.example": {"auth": "hunter2"}"#, "it is not JSON (line 1, column 33)"),
            (r#"["hunter2"]"#, "it is JSON, but not an object"),
            (r#"{"r.example": "hunter2"}"#, "entry 1: it is not an object"),
            (r#"{"r.example": null}"#, "entry 1: it is not an object"),
            (r#"{"r.example": {"auth": 2}}"#, "entry 1: `auth` is not a string"),
            (r#"{"r.example": {"auth": "bTpw", "Auth": "bTpw"}}"#, "entry 1: `auth` stands there twice"),
            (
                r#"{"me:hunter2@r": {"auth": "bTpw"}}"#,
                "the key of entry 1 is not a registry's host, with or without a path",
            ),
            (
                r#"{"https://r.example/v2/team": {"auth": "bTpw"}}"#,
                "the key of entry 1 is not a registry's host, with or without a path",
            ),
            (r#"{"r.example": {"pass": "hunter2"}}"#, &unknown),
            (r#"{"r.example": {"auth": "bTpw", "hunter2": ""}}"#, &unknown),
            (r#"{"auths": {"r.example": {"auth": "bTpw"}}}"#, &unknown),
            (r#"{"r.example": {}}"#, "entry 1 has no login"),
            (r#"{"r.example": {"username": "", "auth": null}}"#, "entry 1 has no login"),
            (r#"{"r.example": {"username": "hunter2"}}"#, half),
            (r#"{"r.example": {"auth": "aHVudGVyMjo="}}"#, half),
            (r#"{"r.example": {"auth": "me:hunter2"}}"#, "entry 1: `auth` is not the base64 of a text"),
            (r#"{"r.example": {"auth": "/////w=="}}"#, "entry 1: `auth` is not the base64 of a text"),
            (
                r#"{"r.example": {"auth": "aHVudGVyMg=="}}"#,
                "entry 1: `auth` is not the base64 of `user:password`: it has no colon",
            ),
            (
                r#"{"r.example": {"auth": "bTpw", "password": "hunter2"}}"#,
                "entry 1: `auth` and `username`/`password` are not the same login",
            ),
            (
                r#"{"r.example": {"registrytoken": "hunter2"}}"#,
                "entry 1: it has a `registrytoken`, which is good for one request only",
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
    fn keys_are_found_in_any_case_as_docker_and_the_agent_find_them() {
        let text = r#"{"Auths": {"reg.example": {"Auth": "bWU6aHVudGVyMg"},
            "b.example": {"UserName": "me", "PASSWORD": "hunter2"}},
            "credhelpers": {"ecr.example": "ecr-login"}, "CredsStore": "pass"}"#;
        let config = of_docker_config(text).unwrap();
        let expected = ["reg.example", "b.example"].map(|scope| (scope.to_owned(), "me:hunter2".to_owned()));
        assert_eq!(values(&config.logins), expected);
        assert_eq!((config.helpers.len(), config.store.as_deref()), (1, Some("pass")));
        let data = Secret::new(r#"{"reg.example": {"Auth": "bWU6aHVudGVyMg"}}"#.to_owned());
        assert_eq!(values(&engine_auth_data(&data).unwrap()), expected[..1]);
    }

    #[test]
    fn a_docker_config_that_is_not_one_is_refused_and_nothing_of_it_repeated() {
        let table = [
            ("{}", "it has none of `auths`, `credHelpers` and `credsStore`"),
            (r#"{"auths": null, "psFormat": "x"}"#, "it has none of `auths`, `credHelpers` and `credsStore`"),
            (r#"{"r.example": {"auth": "bTpw"}}"#, "it has none of `auths`, `credHelpers` and `credsStore`"),
            (r#"{"auths": {}, "Auths": null}"#, "`auths` stands there twice"),
            (r#"{"auths": ["hunter2"]}"#, "`auths` is not an object"),
            (r#"{"credHelpers": "hunter2"}"#, "`credHelpers` is not an object of strings"),
            (r#"{"credHelpers": {"r.example": null}}"#, "`credHelpers` is not an object of strings"),
            (r#"{"credsStore": {"a": "hunter2"}}"#, "`credsStore` is not a string"),
            (
                r#"{"credHelpers": {"https://r.example/v1/hunter2": "a"}}"#,
                "the key of entry 1 is not a registry's host, with or without a path",
            ),
            (
                r#"{"auths": {"r.example": {}, "r.example/v2/hunter2": {}}}"#,
                "the key of entry 2 is not a registry's host, with or without a path",
            ),
        ];
        for (text, words) in table {
            assert_eq!(of_docker_config(text).unwrap_err().to_string(), words, "{text}");
        }
    }

    #[test]
    fn a_key_that_resembles_one_is_refused_beside_those_that_are_right() {
        let misspelt = [
            ("auth", "auths"),
            ("auhts", "auths"),
            ("authentications", "auths"),
            ("credHelper", "credHelpers"),
            ("cred_helpers", "credHelpers"),
            ("credentialHelpers", "credHelpers"),
            ("credStore", "credsStore"),
            ("creds-store", "credsStore"),
            ("credsStrore", "credsStore"),
        ];
        for (key, meant) in misspelt {
            let error = of_docker_config(&format!(r#"{{"auths": {{}}, "{key}": {{}}}}"#)).unwrap_err();
            assert_eq!(error.to_string(), format!("it has a key that resembles `{meant}` and is another"), "{key}");
        }
        let dockers_own = r#"{"auths": {}, "HttpHeaders": {}, "psFormat": "", "imagesFormat": "", "detachKeys": "",
            "serviceInspectFormat": "", "tasksFormat": "", "secretFormat": "", "configFormat": "", "nodesFormat": "",
            "pruneFilters": [], "proxies": {}, "currentContext": "", "cliPluginsExtraDirs": [], "plugins": {},
            "aliases": {}, "features": {}, "experimental": "", "stackOrchestrator": "", "kubernetes": {}}"#;
        assert!(of_docker_config(dockers_own).is_ok());
    }

    #[test]
    fn null_is_none_where_docker_takes_it_so() {
        let config = of_docker_config(r#"{"auths": {}, "credHelpers": null, "credsStore": null}"#).unwrap();
        assert!(config.logins.is_empty() && config.helpers.is_empty() && config.store.is_none());
    }

    #[test]
    fn an_empty_entry_is_kept_as_one_and_dockers_own_tokens_are_not() {
        let text = r#"{"auths": {"reg.example": {}, "https://reg.example/": {"auth": ""},
            "https://index.docker.io/v1/access-token": {}, "https://index.docker.io/v1/refresh-token": {}}}"#;
        let config = of_docker_config(text).unwrap();
        assert!(config.logins.is_empty());
        assert_eq!(
            config.empty.iter().map(crate::credential::scope::Scope::name).collect::<Vec<_>>(),
            ["reg.example", "reg.example"]
        );
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
