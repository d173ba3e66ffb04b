//! What a secret must hold: `{"username": "…", "password": "…"}` (A8).
//!
//! Each way of being wrong is an error of its own, and no error repeats a value: serde's
//! own texts quote what they found, so they stay in here.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Login, SecretValue, SecretVersion};
use crate::error::{Class, Explain, Link};
use crate::secret::Secret;

/// Secrets Manager's limit for a value, in bytes (C6).
const VALUE_LIMIT: usize = 65_536;

/// Why a secret's content is no login.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("secret {arn} (version {version_id}): {fault}")]
pub struct ContentError {
    /// The secret.
    pub arn: String,
    /// The version that was read.
    pub version_id: String,
    /// What is wrong with it.
    pub fault: ContentFault,
}

/// What is wrong with a secret's content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentFault {
    /// `SecretBinary`.
    #[error("it is binary, not text")]
    Binary,
    /// Longer than the service stores.
    #[error("it is longer than {VALUE_LIMIT} bytes")]
    Long,
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// Not JSON; the place is known, the text is not shown.
    #[error("it is not JSON (line {line}, column {column})")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON, and not an object.
    #[error("it is JSON, but not an object with `username` and `password`")]
    NotAnObject,
    /// A key is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A key's value is the empty string.
    #[error("`{0}` is empty")]
    EmptyValue(&'static str),
    /// A key's value is a number, an object, …
    #[error("`{0}` is not a string")]
    NotAString(&'static str),
    /// A key stands there twice.
    #[error("`{0}` stands there twice")]
    Twice(&'static str),
    /// The pull-through cache's format (A9).
    #[error("it has `accessToken`, the format of ECR's pull-through cache, and no `password`")]
    AccessToken,
}

impl Explain for ContentError {
    fn link(&self) -> Link {
        Link::Content
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn thing(&self) -> String {
        self.arn.clone()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self.fault {
            ContentFault::AccessToken => {
                "a pull-through-cache secret cannot serve a direct pull: put the token under `password` in a second secret"
            }
            ContentFault::NotAString(_) => r#"quote it: {"username": "…", "password": "…"}"#,
            _ => {
                r#"put {"username": "…", "password": "…"} into it as text: `aws secretsmanager put-secret-value --secret-id ARN --secret-string file://FILE`"#
            }
        };
        Some(hint.to_owned())
    }
}

/// Reads a login out of a secret.
pub(super) fn login(version: &SecretVersion) -> Result<Login, ContentError> {
    let read = match &version.value {
        SecretValue::Binary => Err(ContentFault::Binary),
        SecretValue::Text(text) => parse(text),
    };
    read.map_err(|fault| ContentError { arn: version.arn.clone(), version_id: version.version_id.clone(), fault })
}

fn parse(text: &Secret) -> Result<Login, ContentFault> {
    #[expect(clippy::disallowed_methods, reason = "the one reader of a secret's text")]
    let text = text.expose();
    if text.len() > VALUE_LIMIT {
        return Err(ContentFault::Long);
    }
    if text.trim().is_empty() {
        return Err(ContentFault::Empty);
    }
    // Serde would take an array for a struct, and its syntax errors come before its data
    // errors only if the whole text is read first.
    serde_json::from_str::<IgnoredAny>(text)
        .map_err(|error| ContentFault::NotJson { line: error.line(), column: error.column() })?;
    if !text.trim_start().starts_with('{') {
        return Err(ContentFault::NotAnObject);
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let keys: Keys = serde_path_to_error::deserialize(&mut json).map_err(|error| wrong_key(&error))?;
    if keys.password.is_none() && keys.access_token.is_some() {
        return Err(ContentFault::AccessToken);
    }
    Ok(Login::Password { username: text_of("username", keys.username)?, password: text_of("password", keys.password)? })
}

/// The keys that matter. A value goes from the parser straight into its wrapping; the
/// parser's own buffer, which holds a text with escapes for a moment, cannot be wiped.
#[derive(Deserialize)]
struct Keys {
    username: Option<Secret>,
    password: Option<Secret>,
    #[serde(rename = "accessToken")]
    access_token: Option<IgnoredAny>,
}

fn wrong_key(error: &serde_path_to_error::Error<serde_json::Error>) -> ContentFault {
    let path = error.path().to_string();
    let is_twice = |key: &str| error.inner().to_string().starts_with(&format!("duplicate field `{key}`"));
    for key in ["username", "password", "accessToken"] {
        if is_twice(key) {
            return ContentFault::Twice(key);
        }
        if path == key {
            return ContentFault::NotAString(key);
        }
    }
    ContentFault::NotAnObject
}

fn text_of(key: &'static str, value: Option<Secret>) -> Result<Secret, ContentFault> {
    match value {
        None => Err(ContentFault::Missing(key)),
        Some(text) if text.is_empty() => Err(ContentFault::EmptyValue(key)),
        Some(text) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{ContentFault, Login, login};
    use crate::credential::{SecretValue, SecretVersion};
    use crate::secret::Secret;

    fn read(value: SecretValue) -> Result<Login, ContentFault> {
        let version = SecretVersion { arn: "arn".into(), version_id: "v1".into(), value };
        login(&version).map_err(|error| {
            let said = format!("{error} {error:?}");
            assert!(!said.contains("hunter2"), "{said}");
            error.fault
        })
    }

    fn read_text(text: &str) -> Result<Login, ContentFault> {
        read(SecretValue::Text(Secret::new(text.to_owned())))
    }

    #[test]
    fn a_username_and_a_password_are_a_login() {
        let text = r#"{"username": "me", "password": "hunter2 \" ÿ", "note": {"a": [1]}}"#;
        let Ok(Login::Password { username, password }) = read_text(text) else { panic!("no login") };
        #[expect(clippy::disallowed_methods, reason = "the test compares the values")]
        let values = (username.expose(), password.expose());
        assert_eq!(values, ("me", "hunter2 \" ÿ"));
    }

    #[test]
    fn each_way_of_being_wrong_has_its_own_error() {
        let table = [
            ("", ContentFault::Empty),
            (" \n", ContentFault::Empty),
            ("hunter2", ContentFault::NotJson { line: 1, column: 1 }),
            (r#"{"username": "me", "password": "hunter2"#, ContentFault::NotJson { line: 1, column: 39 }),
            (r#"{"username": "me"} hunter2"#, ContentFault::NotJson { line: 1, column: 20 }),
            (r#""hunter2""#, ContentFault::NotAnObject),
            (r#"["me", "hunter2"]"#, ContentFault::NotAnObject),
            ("null", ContentFault::NotAnObject),
            ("{}", ContentFault::Missing("username")),
            (r#"{"password": "hunter2"}"#, ContentFault::Missing("username")),
            (r#"{"username": "me"}"#, ContentFault::Missing("password")),
            (r#"{"username": "me", "pass": "hunter2"}"#, ContentFault::Missing("password")),
            (r#"{"username": "", "password": "hunter2"}"#, ContentFault::EmptyValue("username")),
            (r#"{"username": "me", "password": ""}"#, ContentFault::EmptyValue("password")),
            (r#"{"username": "me", "password": 2}"#, ContentFault::NotAString("password")),
            (r#"{"username": "me", "password": null}"#, ContentFault::Missing("password")),
            (r#"{"username": {"a": "hunter2"}, "password": "hunter2"}"#, ContentFault::NotAString("username")),
            (r#"{"username": "me", "password": "a", "password": "hunter2"}"#, ContentFault::Twice("password")),
            (r#"{"username": "me", "accessToken": "hunter2"}"#, ContentFault::AccessToken),
        ];
        for (text, fault) in table {
            assert_eq!(read_text(text).unwrap_err(), fault, "{text}");
        }
        assert_eq!(read(SecretValue::Binary).unwrap_err(), ContentFault::Binary);
        assert_eq!(read_text(&"x".repeat(65_537)).unwrap_err(), ContentFault::Long);
    }
}
