//! Parses a text that must be one JSON object, and says what it is if it is not.

use super::json::{JsonObject, JsonValue, expose};
use super::{content_fault::ContentFault, content_fault::VALUE_LIMIT, object_form, text_form};
use crate::error::{Warning, WarningId};
use crate::secret::Secret;

/// The byte order mark, which editors on Windows write in front of a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What is said about a text with a byte order mark.
const BYTE_ORDER_MARK_WARNING: &str =
    "the secret begins with a byte order mark, which ECS refuses; store it again without it";

/// Parses a text that is one object. A byte order mark in front of it is ignored.
pub(crate) fn parse_object(text: &str) -> Result<JsonObject, ContentFault> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    match serde_json::from_str(text) {
        Ok(JsonValue::Object(object)) => Ok(object),
        Ok(value) => Err(ContentFault::NotAnObject(object_form::of_value(&value))),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(ContentFault::NotJson { line, column, form: text_form::of_text(text) })
        }
    }
}

/// The JSON object that the text of a secret must be.
pub(super) fn parse_secret(text: &Secret, warnings: &mut Vec<Warning>) -> Result<JsonObject, ContentFault> {
    let text = expose(text);
    if text.len() > VALUE_LIMIT {
        return Err(ContentFault::TooLong);
    }
    if text.trim().trim_start_matches(BYTE_ORDER_MARK).is_empty() {
        return Err(ContentFault::Empty);
    }
    let content = parse_object(text)?;
    if text.starts_with(BYTE_ORDER_MARK) {
        warnings.push(Warning::new(WarningId::SecretByteOrderMark, BYTE_ORDER_MARK_WARNING));
    }
    Ok(content)
}
