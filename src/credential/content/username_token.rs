//! A user name and a token as ECS and ECR read them: exact keys, and strings only. These services
//! reject the more lenient forms that taskpull accepts.

use super::login_keys::{KeySpelling, LoginValues, read_login_keys};
use super::{content_fault::ContentFault, json::expose, object_parser};
use crate::secret::Secret;

/// The user name and the token in a secret.
pub(crate) struct UsernameToken {
    pub username: Secret,
    pub token: Secret,
    /// Whether the secret has other keys as well.
    pub has_other_keys: bool,
    /// Whether the secret begins with a byte order mark.
    pub has_byte_order_mark: bool,
}

impl UsernameToken {
    /// Reads `username`, and the token under the key `token_key`.
    pub(crate) fn parse(text: &Secret, token_key: &'static str) -> Result<Self, ContentFault> {
        let mut warnings = Vec::new();
        let content = object_parser::parse_secret(text, &mut warnings)?;
        let has_byte_order_mark = !warnings.is_empty();
        let LoginValues { username, password } =
            read_login_keys(&content, token_key, KeySpelling::Exact, &mut warnings)?;
        let has_other_keys = content.entries().count() > 2;
        Ok(Self { username, token: password, has_other_keys, has_byte_order_mark })
    }

    /// The keys whose values differ.
    pub(crate) fn differences(&self, other: &Self, token_key: &'static str) -> Vec<&'static str> {
        let pairs = [("username", &self.username, &other.username), (token_key, &self.token, &other.token)];
        pairs.into_iter().filter(|(_, own, other)| expose(own) != expose(other)).map(|(name, ..)| name).collect()
    }
}
