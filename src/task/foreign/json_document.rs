//! JSON documents that are not task definitions.

use serde_json::{Map, Value};

use super::command::{CAMEL_CASE, IMAGES, is_image, jq};
use super::ecs_arn::command_for_arn;
use super::embedded::Embedded;
use super::foreign_document::ForeignDocument;
use super::plain_text;
use super::signature::Signature;
use crate::task::json::normalize;

/// Recognizes a JSON document.
pub(super) fn recognize(document: &Value, text: &str) -> Option<ForeignDocument> {
    if is_definition(document) {
        return None;
    }
    match document {
        Value::String(inner) => return recognize_string(inner),
        Value::Null => return plain_text::recognize(text),
        _ => {}
    }
    let keys = keys(document);
    let signature = Signature::find(&keys, text);
    let embedded = Embedded::find(document);
    if let Some(document) = embedded.as_ref().and_then(|embedded| embedded_definition(embedded, signature)) {
        return Some(document);
    }
    let loose = loose_containers(document).filter(|_| signature.is_none());
    if loose.is_some() {
        return loose;
    }
    // A resource that AWS reports as missing has no definition to ask for.
    let hint = command_for_arn(text)
        .filter(|_| !text.contains("\"MISSING\""))
        .map(|command| format!("it names a task definition: {command}"))
        .or_else(|| signature.and_then(|signature| signature.hint(text)))
        .or_else(|| has_image(document).then(|| format!("it names images: {}", jq(IMAGES))));
    let name = signature.map_or("a document of another kind", |signature| signature.name);
    match (signature, hint) {
        (_, Some(hint)) => Some(ForeignDocument::new(name, hint)),
        (Some(_), None) => Some(ForeignDocument::new(name, Signature::NO_DEFINITION)),
        (None, None) => None,
    }
}

/// Whether the document has containers where ECS has them. What is wrong with them is another matter.
fn is_definition(document: &Value) -> bool {
    match document {
        Value::Array(containers) => containers.iter().any(|container| container.get("image").is_some()),
        Value::Object(keys) => {
            keys.get("containerDefinitions")
                .and_then(Value::as_array)
                .is_some_and(|containers| containers.iter().any(Value::is_object))
                || keys.get("taskDefinition").is_some_and(|inner| inner.is_object() && is_definition(inner))
        }
        _ => false,
    }
}

/// The keys of an object, or of the first object of an array.
fn keys(document: &Value) -> Vec<&str> {
    let object = match document {
        Value::Array(items) => items.iter().find_map(Value::as_object),
        value => value.as_object(),
    };
    object.into_iter().flat_map(Map::keys).map(String::as_str).collect()
}

fn embedded_definition(embedded: &Embedded<'_>, signature: Option<&Signature>) -> Option<ForeignDocument> {
    if embedded.has_functions {
        return None;
    }
    let name = match (signature, embedded.is_at_top) {
        (Some(signature), _) => signature.name.to_owned(),
        (None, true) if embedded.key == "containerDefinitions" => {
            "a task definition whose `containerDefinitions` is a text".to_owned()
        }
        (None, true) => format!(
            "a document in the spelling of a different tool, with `{}` for `containerDefinitions`",
            embedded.key
        ),
        (None, false) => "a document with a task definition within it".to_owned(),
    };
    let command = embedded.command();
    let hint = match embedded.count {
        1 => format!("get the definition out of it: {command}"),
        count => format!("it contains {count} definitions; this takes the first: {command}"),
    };
    Some(ForeignDocument::new(name, hint))
}

/// A text that contains JSON, or the name of an image.
fn recognize_string(inner: &str) -> Option<ForeignDocument> {
    if serde_json::from_str::<Value>(inner).is_ok_and(|value| value.is_array() || value.is_object()) {
        let hint = format!("take it out of the quotes: {}", jq("fromjson"));
        return Some(ForeignDocument::new("a text in quotes that contains JSON", hint));
    }
    is_image(inner).then(|| ForeignDocument::new("the name of an image", jq("[{image: .}]")))
}

/// Containers without a definition around them: one alone, in another spelling, or only their images.
fn loose_containers(document: &Value) -> Option<ForeignDocument> {
    let has_spelling = |object: &Map<String, Value>| {
        object.iter().any(|(key, value)| key != "image" && normalize(key) == "image" && value.is_string())
    };
    match document {
        Value::Object(object) if object.get("image").is_some_and(Value::is_string) && !has_containers(object) => {
            Some(ForeignDocument::new("a single container", format!("put it into an array: {}", jq("[.]"))))
        }
        Value::Object(object) if has_spelling(object) && object.contains_key("Name") => {
            let hint = format!("put it into an array: {}", jq(&format!("[{CAMEL_CASE}]")));
            Some(ForeignDocument::new("a single container in the spelling of a different tool", hint))
        }
        Value::Array(items) if items.iter().filter_map(Value::as_object).any(has_spelling) => {
            let name = "an array of containers in the spelling of a different tool";
            Some(ForeignDocument::new(name, format!("write `image` for `Image`: {}", jq(CAMEL_CASE))))
        }
        Value::Array(items) if !items.is_empty() && items.iter().all(|item| item.as_str().is_some_and(is_image)) => {
            Some(ForeignDocument::new("a list of images", jq("[.[] | {image: .}]")))
        }
        _ => None,
    }
}

/// Whether the object has containers of its own, as an ECS service of CloudFormation or a pod has.
fn has_containers(object: &Map<String, Value>) -> bool {
    object.keys().any(|key| normalize(key).starts_with("container"))
}

fn has_image(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_image),
        Value::Object(entries) => entries.get("image").is_some_and(Value::is_string) || entries.values().any(has_image),
        _ => false,
    }
}
