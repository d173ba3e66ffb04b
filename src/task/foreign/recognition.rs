//! Recognizes an input that could not be read as a task definition.

use super::foreign_document::ForeignDocument;
use super::{json_document, plain_text, yaml};

/// What an input is, by its bytes and its text; `None` if it is nothing that is known here.
pub(in crate::task) fn recognize(bytes: &[u8], text: &str) -> Option<ForeignDocument> {
    if let Some(document) = plain_text::recognize_bytes(bytes) {
        return Some(document);
    }
    if let Ok(value) = serde_json::from_str(text) {
        return json_document::recognize(&value, text);
    }
    if text.trim_start().starts_with(['{', '[', '"']) {
        return None;
    }
    plain_text::recognize(text).or_else(|| yaml::recognize(text))
}
