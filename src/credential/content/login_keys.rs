//! Reads a user name and a password from two keys of an object.

use super::content_fault::ContentFault;
use super::json::JsonObject;
use super::key_fault::KeyFault;
use super::key_name::{KeyName, KeyRole};
use super::login_key_faults::{LoginKeyFaults, SimilarKey};
use super::object_form;
use crate::error::Warning;
use crate::secret::Secret;

/// The two values of a login.
pub(super) struct LoginValues {
    pub username: Secret,
    pub password: Secret,
}

/// How the keys may be spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeySpelling {
    /// Exactly, as ECS and ECR read them.
    Exact,
    /// In upper or lower case, with a warning.
    AnyCase,
}

/// Reads `username`, and the password under the key `password_key`. The error has all faults of both.
pub(super) fn read_login_keys(
    content: &JsonObject,
    password_key: &'static str,
    spelling: KeySpelling,
    warnings: &mut Vec<Warning>,
) -> Result<LoginValues, ContentFault> {
    let mut read = |key| {
        let mut own_warnings = Vec::new();
        let value = content.required_text(key, &mut own_warnings)?;
        if spelling == KeySpelling::Exact && !own_warnings.is_empty() {
            return Err(KeyFault::Missing(key));
        }
        warnings.extend(own_warnings);
        Ok(value)
    };
    let faults: Vec<_> = match (read("username"), read(password_key)) {
        (Ok(username), Ok(password)) => return Ok(LoginValues { username, password }),
        (username, password) => [username.err(), password.err()].into_iter().flatten().collect(),
    };
    if faults.iter().all(|fault| matches!(fault, KeyFault::Missing(_)))
        && let Some(form) = object_form::of_object(content)
    {
        return Err(ContentFault::OtherForm(form));
    }
    Err(ContentFault::LoginKeys(find_other_keys(content, faults, password_key)))
}

fn find_other_keys(content: &JsonObject, faults: Vec<KeyFault>, password_key: &'static str) -> LoginKeyFaults {
    let is_missing = |key| faults.contains(&KeyFault::Missing(key));
    // A key whose value is `null` is missing, and is no other key.
    let is_own = |name: &str, key| name == key || (name.eq_ignore_ascii_case(key) && !is_missing(key));
    let is_read = |name: &str| ["username", password_key].into_iter().any(|key| is_own(name, key));
    let (mut similar, mut others, mut hidden) = (Vec::<SimilarKey>::new(), Vec::new(), 0);
    for (name, _) in content.entries().filter(|(name, _)| !is_read(name)) {
        let Some(KeyName { shown, role }) = KeyName::of(name) else {
            hidden += 1;
            continue;
        };
        let expected = role.map(|role| if role == KeyRole::Username { "username" } else { password_key });
        let is_first = |key| !similar.iter().any(|other| other.expected == key);
        match expected.filter(|key| is_missing(key) && is_first(*key)) {
            Some(expected) => similar.push(SimilarKey { found: shown, expected }),
            None => others.push(shown),
        }
    }
    LoginKeyFaults { faults, similar, others, hidden }
}
