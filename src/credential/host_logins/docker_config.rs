//! Parses the two documents with the host's logins: the ECS agent's `ECS_ENGINE_AUTH_DATA`, and a
//! Docker `config.json`.
//!
//! Keys are found in upper and lower case, as the agent and Docker find them. Content that could be a
//! login and is not understood is an error: ignoring it would lead to anonymous pulls. An error names
//! an entry by its number, never by its key or value, because a password can be in the wrong place.

use std::path::Path;

use super::config_error::HostLoginConfigFault;
use crate::credential::content::docker_auth_entry::{is_same_login, parse_auth_entry};
use crate::credential::content::json::{JsonObject, JsonValue, expose};
use crate::credential::content::{ContentFault, object_form, object_parser::parse_object};
use crate::credential::login::Login;
use crate::credential::scope::{Scope, entry_name, is_browser_token_key};
use crate::regular_file::{RegularFileError, read_regular_file};
use crate::secret::Secret;
use crate::task::edit_distance;

/// The longest document that is read, in bytes.
const DOCUMENT_LIMIT: usize = 1_024 * 1_024;

/// The keys of a `config.json` that concern logins, out of all keys that Docker stores there.
const LOGIN_KEYS: [&str; 3] = ["auths", "credHelpers", "credsStore"];

/// A login with the images that it covers.
#[derive(Debug)]
pub(crate) struct ScopedLogin {
    /// The key of its entry if it may be shown, otherwise the number.
    pub(super) name: String,
    pub(super) scope: Scope,
    pub(super) login: Login,
}

/// The content of a Docker `config.json`.
#[derive(Debug, Default)]
pub(super) struct DockerConfig {
    pub(super) logins: Vec<ScopedLogin>,
    /// The entries without a login: Docker gave it to a helper or to the credential store.
    pub(super) empty: Vec<Scope>,
    /// The helpers for single registries: the part of the name after `docker-credential-`.
    pub(super) helpers: Vec<(Scope, String)>,
    /// The helper for all other registries.
    pub(super) store: Option<String>,
}

/// An entry of `auths` with its number, counted from 1.
struct AuthsEntry {
    number: usize,
    /// The key if it may be shown, otherwise the number.
    name: String,
    scope: Scope,
    login: Option<Login>,
}

/// The logins in `ECS_ENGINE_AUTH_DATA`. Its two types differ only in the format of an entry, which
/// is recognized without the type.
pub(crate) fn parse_engine_auth_data(data: &Secret) -> Result<Vec<ScopedLogin>, HostLoginConfigFault> {
    let document = parse_document(expose(data))?;
    let mut keys = document.entries().map(|(key, _)| key);
    if let Some(JsonValue::Object(auths)) = document.get("auths", &mut Vec::new()).ok().flatten() {
        let first = auths.entries().next().map(|(key, _)| entry_name(1, key));
        let host = first.and_then(|name| Some(name.strip_prefix('`')?.strip_suffix('`')?.to_owned()));
        return Err(HostLoginConfigFault::OuterAuths(host));
    }
    if keys.any(|key| ["auth", "username", "password"].contains(&key)) {
        return Err(HostLoginConfigFault::NoRegistry);
    }
    let mut logins = Vec::new();
    for AuthsEntry { number, name, scope, login } in parse_entries(&document)? {
        let login = login.ok_or(HostLoginConfigFault::NoLogin(number))?;
        add_login(&mut logins, ScopedLogin { name, scope, login })?;
    }
    Ok(logins)
}

/// Reads the file of a Docker config.
pub(super) fn read_docker_config(path: &Path) -> Result<DockerConfig, HostLoginConfigFault> {
    let bytes = read_regular_file(path, DOCUMENT_LIMIT).map_err(|error| match error {
        RegularFileError::Unreadable(error) => HostLoginConfigFault::Unreadable(error.kind()),
        RegularFileError::NotRegular => HostLoginConfigFault::NotRegular,
        RegularFileError::TooLong => HostLoginConfigFault::TooLong,
    })?;
    parse_docker_config(std::str::from_utf8(&bytes).map_err(|_| HostLoginConfigFault::NotText)?)
}

fn parse_docker_config(text: &str) -> Result<DockerConfig, HostLoginConfigFault> {
    let document = parse_document(text)?;
    if let Some(known) = document.entries().find_map(|(key, _)| similar_login_key(key)) {
        return Err(HostLoginConfigFault::SimilarKey(known));
    }
    let get = |key| document.get(key, &mut Vec::new()).map_err(|_| HostLoginConfigFault::DuplicateKey(key));
    // As for Docker, `null` is no value.
    let [auths, helpers, store] = LOGIN_KEYS.map(get);
    let (auths, helpers, store) = (auths?, helpers?, store?);
    if auths.is_none() && helpers.is_none() && store.is_none() {
        return Err(HostLoginConfigFault::NoLoginKeys(object_form::of_object(&document)));
    }
    let mut config = DockerConfig { store: store.map(parse_store).transpose()?.flatten(), ..DockerConfig::default() };
    if let Some(helpers) = helpers {
        config.helpers = parse_helpers(helpers)?;
    }
    if let Some(auths) = auths {
        let JsonValue::Object(auths) = auths else {
            return Err(HostLoginConfigFault::WrongType { key: "auths", expected: "an object" });
        };
        for AuthsEntry { name, scope, login, .. } in parse_entries(auths)? {
            match login {
                Some(login) => add_login(&mut config.logins, ScopedLogin { name, scope, login })?,
                None => config.empty.push(scope),
            }
        }
    }
    Ok(config)
}

fn parse_entries(auths: &JsonObject) -> Result<Vec<AuthsEntry>, HostLoginConfigFault> {
    let entries = auths.entries().enumerate().filter(|(_, (key, _))| !is_browser_token_key(key));
    let entries = entries.map(|(index, (key, value))| {
        let number = index + 1;
        let scope = Scope::parse(key).ok_or(HostLoginConfigFault::NotARegistry(number))?;
        let login = parse_auth_entry(value, &mut Vec::new());
        let login = login.map_err(|fault| HostLoginConfigFault::InvalidEntry(number, fault))?;
        Ok(AuthsEntry { number, name: entry_name(number, key), scope, login })
    });
    entries.collect()
}

/// Adds a login. The same login for the same registry, in two spellings of it, is one.
fn add_login(logins: &mut Vec<ScopedLogin>, login: ScopedLogin) -> Result<(), HostLoginConfigFault> {
    match logins.iter().find(|other| other.scope == login.scope) {
        None => logins.push(login),
        Some(other) if is_same_login(&other.login, &login.login) => {}
        Some(other) => return Err(HostLoginConfigFault::DuplicateEntry(other.name.clone(), login.name)),
    }
    Ok(())
}

fn parse_helpers(value: &JsonValue) -> Result<Vec<(Scope, String)>, HostLoginConfigFault> {
    let wrong_type = || HostLoginConfigFault::WrongType { key: "credHelpers", expected: "an object of strings" };
    let JsonValue::Object(names) = value else { return Err(wrong_type()) };
    let mut helpers: Vec<(Scope, String)> = Vec::new();
    let mut entry_names: Vec<String> = Vec::new();
    for (index, (key, name)) in names.entries().enumerate() {
        let JsonValue::Text(name) = name else { return Err(wrong_type()) };
        let scope = Scope::parse(key).ok_or(HostLoginConfigFault::NotARegistry(index + 1))?;
        let name = helper_name("credHelpers", expose(name))?;
        let entry = entry_name(index + 1, key);
        match helpers.iter().zip(&entry_names).find(|((other, _), _)| *other == scope) {
            Some(((_, other), _)) if *other == name => continue,
            Some((_, first)) => return Err(HostLoginConfigFault::DuplicateEntry(first.clone(), entry)),
            None => {}
        }
        helpers.push((scope, name));
        entry_names.push(entry);
    }
    Ok(helpers)
}

/// As for Docker, an empty name is no store.
fn parse_store(value: &JsonValue) -> Result<Option<String>, HostLoginConfigFault> {
    match value {
        JsonValue::Text(name) if name.is_empty() => Ok(None),
        JsonValue::Text(name) => helper_name("credsStore", expose(name)).map(Some),
        _ => Err(HostLoginConfigFault::WrongType { key: "credsStore", expected: "a string" }),
    }
}

/// The name becomes part of the name of a program, so it must not contain a path.
fn helper_name(key: &'static str, name: &str) -> Result<String, HostLoginConfigFault> {
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if is_name { Ok(name.to_owned()) } else { Err(HostLoginConfigFault::HelperName(key)) }
}

/// The known key of which an unknown one is probably a misspelling. Docker has no other key that
/// begins with `auth` or `cred`, and none within two edits of a known one.
fn similar_login_key(key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase();
    let distances = LOGIN_KEYS.map(|known| (known, edit_distance(&key, &known.to_ascii_lowercase())));
    let (nearest, distance) = distances.into_iter().min_by_key(|(_, distance)| *distance)?;
    let has_prefix = key.starts_with("auth") || key.starts_with("cred");
    (distance > 0 && (distance <= 2 || has_prefix)).then_some(nearest)
}

fn parse_document(text: &str) -> Result<JsonObject, HostLoginConfigFault> {
    parse_object(text).map_err(|fault| match fault {
        ContentFault::NotJson { line, column, form } => HostLoginConfigFault::NotJson { line, column, form },
        ContentFault::NotAnObject(form) => HostLoginConfigFault::NotAnObject(form),
        _ => HostLoginConfigFault::NotAnObject(None),
    })
}

#[cfg(test)]
mod tests {
    use super::{ScopedLogin, parse_docker_config, parse_engine_auth_data};
    use crate::credential::Login;
    use crate::secret::Secret;

    /// `user:password` of each login, or `token:` and the token.
    fn values(logins: &[ScopedLogin]) -> Vec<(String, String)> {
        #[expect(clippy::disallowed_methods, reason = "the test compares the values")]
        let value = |login: &Login| match login {
            Login::Anonymous => "anonymous".to_owned(),
            Login::Password { username, password } => format!("{}:{}", username.expose(), password.expose()),
            Login::IdentityToken(token) => format!("token:{}", token.expose()),
        };
        logins.iter().map(|ScopedLogin { scope, login, .. }| (scope.name(), value(login))).collect()
    }

    #[test]
    fn both_types_of_the_ecs_agent_are_parsed() {
        let data = r#"{"https://index.docker.io/v1/": {"auth": "bWU6aHVudGVyMjp4", "email": "a@b.example"},
            "reg.example/team": {"username": "me", "password": "hunter2", "email": ""},
            "other.example": {"identitytoken": "tok", "auth": "bWU6"}}"#;
        let logins = parse_engine_auth_data(&Secret::new(data.to_owned())).unwrap();
        let expected =
            [("docker.io", "me:hunter2:x"), ("reg.example/team", "me:hunter2"), ("other.example", "token:tok")];
        assert_eq!(values(&logins), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert!(!format!("{logins:?}").contains("hunter2"));
    }

    #[test]
    fn docker_config_has_logins_helpers_and_a_store() {
        let text = r#"{"auths": {"reg.example": {"auth": "bWU6aHVudGVyMg"}, "empty.example": {}},
            "credHelpers": {"ecr.example": "ecr-login"}, "credsStore": "pass", "HttpHeaders": {"a": "b"}}"#;
        let config = parse_docker_config(text).unwrap();
        assert_eq!(values(&config.logins), [("reg.example".to_owned(), "me:hunter2".to_owned())]);
        assert_eq!((config.helpers[0].0.name(), &*config.helpers[0].1), ("ecr.example".to_owned(), "ecr-login"));
        assert_eq!(config.store.as_deref(), Some("pass"));
    }

    #[test]
    fn keys_are_found_in_upper_and_lower_case() {
        let text = r#"{"Auths": {"reg.example": {"Auth": "bWU6aHVudGVyMg"},
            "b.example": {"UserName": "me", "PASSWORD": "hunter2"}},
            "credhelpers": {"ecr.example": "ecr-login"}, "CredsStore": "pass"}"#;
        let config = parse_docker_config(text).unwrap();
        let expected = ["reg.example", "b.example"].map(|scope| (scope.to_owned(), "me:hunter2".to_owned()));
        assert_eq!(values(&config.logins), expected);
        assert_eq!((config.helpers.len(), config.store.as_deref()), (1, Some("pass")));
        let data = Secret::new(r#"{"reg.example": {"Auth": "bWU6aHVudGVyMg"}}"#.to_owned());
        assert_eq!(values(&parse_engine_auth_data(&data).unwrap()), expected[..1]);
    }

    #[test]
    fn key_that_resembles_a_known_one_is_rejected() {
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
            let error = parse_docker_config(&format!(r#"{{"auths": {{}}, "{key}": {{}}}}"#)).unwrap_err();
            assert_eq!(error.to_string(), format!("it has an unknown key that resembles `{meant}`"), "{key}");
        }
        let known_to_docker = r#"{"auths": {}, "HttpHeaders": {}, "psFormat": "", "imagesFormat": "", "detachKeys": "",
            "serviceInspectFormat": "", "tasksFormat": "", "secretFormat": "", "configFormat": "", "nodesFormat": "",
            "pruneFilters": [], "proxies": {}, "currentContext": "", "cliPluginsExtraDirs": [], "plugins": {},
            "aliases": {}, "features": {}, "experimental": "", "stackOrchestrator": "", "kubernetes": {}}"#;
        assert!(parse_docker_config(known_to_docker).is_ok());
    }

    #[test]
    fn null_is_no_value() {
        let config = parse_docker_config(r#"{"auths": {}, "credHelpers": null, "credsStore": null}"#).unwrap();
        assert!(config.logins.is_empty() && config.helpers.is_empty() && config.store.is_none());
    }

    #[test]
    fn empty_entries_are_recorded_and_browser_tokens_ignored() {
        let text = r#"{"auths": {"reg.example": {}, "https://reg.example/": {"auth": ""},
            "https://index.docker.io/v1/access-token": {}, "https://index.docker.io/v1/refresh-token": {}}}"#;
        let config = parse_docker_config(text).unwrap();
        assert!(config.logins.is_empty());
        assert_eq!(
            config.empty.iter().map(crate::credential::scope::Scope::name).collect::<Vec<_>>(),
            ["reg.example", "reg.example"]
        );
    }

    #[test]
    fn name_of_a_helper_is_never_a_path() {
        for name in ["../../bin/sh", "a b", "a;b", "ä", "a.b"] {
            assert!(parse_docker_config(&format!(r#"{{"credsStore": "{name}"}}"#)).is_err(), "{name}");
            assert!(
                parse_docker_config(&format!(r#"{{"credHelpers": {{"r.example": "{name}"}}}}"#)).is_err(),
                "{name}"
            );
        }
        assert!(parse_docker_config(r#"{"credHelpers": {"r.example": ""}}"#).is_err());
    }
}
