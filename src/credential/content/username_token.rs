//! A user name and a token as the services themselves read them: exactly these keys, exactly
//! texts. What taskpull takes beyond that is no use to ECS or ECR.

use super::json::{Object, ParseWarnings};
use super::{ContentFault, object, text_of};
use crate::secret::Secret;

/// A secret's user name and token.
pub(crate) struct UsernameToken {
    pub username: Secret,
    pub token: Secret,
    /// Whether there is anything beside the two.
    pub has_more: bool,
}

impl UsernameToken {
    /// What stands under `username` and under the key of the token.
    pub(crate) fn read(text: &Secret, key: &'static str) -> Result<Self, ContentFault> {
        let content = object(text)?;
        let username = exactly(&content, "username")?;
        let token = exactly(&content, key)?;
        Ok(Self { username, token, has_more: content.entries().count() > 2 })
    }

    /// Which of the two differ.
    pub(crate) fn differences(&self, other: &Self, key: &'static str) -> Vec<&'static str> {
        let pairs = [("username", &self.username, &other.username), (key, &self.token, &other.token)];
        pairs.into_iter().filter(|(_, own, other)| text_of(own) != text_of(other)).map(|(name, ..)| name).collect()
    }

    /// Whether the token is the user name.
    pub(crate) fn is_twice_the_same(&self) -> bool {
        text_of(&self.username) == text_of(&self.token)
    }

    /// Whether white space stands around the token, as `echo` leaves it.
    pub(crate) fn has_white_space(&self) -> bool {
        text_of(&self.token).trim().len() != text_of(&self.token).len()
    }
}

fn exactly(content: &Object, key: &'static str) -> Result<Secret, ContentFault> {
    let mut notes = ParseWarnings::default();
    let found = content.needed(key, &mut notes)?;
    if notes.0.is_empty() { Ok(found) } else { Err(ContentFault::Missing(key)) }
}
