//! A user name and a token as ECS and ECR read them: exact keys, and strings only. These services
//! reject the more lenient forms that taskpull accepts.

use super::{content_error::ContentFault, json, json::JsonObject, json::expose};
use crate::secret::Secret;

/// The user name and the token in a secret.
pub(crate) struct UsernameToken {
    pub username: Secret,
    pub token: Secret,
    /// Whether the secret has other keys as well.
    pub has_other_keys: bool,
}

impl UsernameToken {
    /// Reads `username`, and the token under the key `token_key`.
    pub(crate) fn parse(text: &Secret, token_key: &'static str) -> Result<Self, ContentFault> {
        let content = json::parse_object(text)?;
        let username = exact_text(&content, "username")?;
        let token = exact_text(&content, token_key)?;
        Ok(Self { username, token, has_other_keys: content.entries().count() > 2 })
    }

    /// The keys whose values differ.
    pub(crate) fn differences(&self, other: &Self, token_key: &'static str) -> Vec<&'static str> {
        let pairs = [("username", &self.username, &other.username), (token_key, &self.token, &other.token)];
        pairs.into_iter().filter(|(_, own, other)| expose(own) != expose(other)).map(|(name, ..)| name).collect()
    }

    /// Whether the token equals the user name.
    pub(crate) fn token_is_username(&self) -> bool {
        expose(&self.username) == expose(&self.token)
    }

    /// Whether white space surrounds the token, such as the line end that `echo` adds.
    pub(crate) fn has_white_space(&self) -> bool {
        expose(&self.token).trim().len() != expose(&self.token).len()
    }
}

fn exact_text(content: &JsonObject, key: &'static str) -> Result<Secret, ContentFault> {
    let mut warnings = Vec::new();
    let text = content.required_text(key, &mut warnings)?;
    if warnings.is_empty() { Ok(text) } else { Err(ContentFault::Missing(key)) }
}
