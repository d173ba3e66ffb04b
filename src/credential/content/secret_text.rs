//! Reads the text of a secret.

use super::content_error::ContentFault;
use super::json::JsonObject;
use super::limits::VALUE_LIMIT;
use crate::secret::Secret;

/// The text itself, for the parsers of secrets and of the host's logins.
pub(crate) fn expose(secret: &Secret) -> &str {
    #[expect(clippy::disallowed_methods, reason = "the parsers of secrets and host logins read the text here")]
    secret.expose()
}

/// The JSON object that the text of a secret must be.
pub(super) fn parse_object(text: &Secret) -> Result<JsonObject, ContentFault> {
    let text = expose(text);
    if text.len() > VALUE_LIMIT {
        return Err(ContentFault::TooLong);
    }
    if text.trim().is_empty() {
        return Err(ContentFault::Empty);
    }
    JsonObject::parse(text)
}
