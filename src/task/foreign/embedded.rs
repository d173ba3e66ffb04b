//! Task definitions within another JSON document: a template, a state, an event, an answer of an API.

use serde_json::Value;

use super::command::{CAMEL_CASE, jq};
use crate::task::json::normalize;

/// The key of containers in the spelling of ECS.
const KEY: &str = "containerDefinitions";

/// The containers of a definition, by the key that they have.
pub(super) struct Embedded<'a> {
    /// `containerDefinitions` in some spelling.
    pub key: &'a str,
    /// Whether the key is one of the document itself.
    pub is_at_top: bool,
    /// Whether the value is a text that contains the JSON.
    is_text: bool,
    /// Whether an image is an expression that a template resolves.
    pub has_functions: bool,
    /// The number of definitions in the document.
    pub count: usize,
}

impl<'a> Embedded<'a> {
    /// The first definition within a document.
    pub(super) fn find(document: &'a Value) -> Option<Self> {
        let mut found = None;
        search(document, true, &mut found);
        found
    }

    /// The command that passes the definition to taskpull.
    pub(super) fn command(&self) -> String {
        let Self { key, is_at_top, is_text, .. } = *self;
        let key = if key.contains('-') { format!("\"{key}\"") } else { key.to_owned() };
        let kind = if is_text { "strings" } else { "arrays" };
        let mut filters = Vec::new();
        if !is_at_top {
            filters.push(format!("first(.. | objects | select(.{key} | {kind}))"));
        }
        if key != KEY {
            filters.push(CAMEL_CASE.to_owned());
        }
        if is_text {
            // Terraform's other keys have types of their own.
            filters.push(format!("{{family, executionRoleArn, {KEY}: (.{KEY} | fromjson)}}"));
        }
        jq(&filters.join(" | "))
    }
}

fn search<'a>(value: &'a Value, is_at_top: bool, found: &mut Option<Embedded<'a>>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| search(item, false, found)),
        Value::Object(entries) => {
            for (key, value) in entries {
                match containers(key, value) {
                    Some((is_text, has_functions)) => {
                        let first = found.get_or_insert(Embedded { key, is_at_top, is_text, has_functions, count: 0 });
                        first.count += 1;
                    }
                    None => search(value, false, found),
                }
            }
        }
        _ => {}
    }
}

/// Whether the value of a key is containers; and if so, whether it is a text, and whether an image in it is
/// an expression.
fn containers(key: &str, value: &Value) -> Option<(bool, bool)> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !key.eq_ignore_ascii_case(KEY) && normalize(key) != KEY.to_ascii_lowercase() || !key.chars().all(is_name) {
        return None;
    }
    match value {
        Value::String(text) => {
            let parsed: Value = serde_json::from_str(text).ok()?;
            parsed.as_array().is_some_and(|items| items.iter().any(Value::is_object)).then_some((true, false))
        }
        Value::Array(items) if items.iter().any(Value::is_object) => Some((false, items.iter().any(has_function))),
        _ => None,
    }
}

/// Whether the image of a container is not a literal text.
fn has_function(container: &Value) -> bool {
    let mut keys = container.as_object().into_iter().flatten();
    keys.any(|(key, value)| {
        normalize(key) == "image" && value.as_str().is_none_or(|text| text.contains("${") || text.contains("{{"))
    })
}
