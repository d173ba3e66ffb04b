//! Documents in YAML, by their lines. There is no parser of YAML in the program.

use super::command::image_command;
use super::ecs_arn::command_for_arn;
use super::foreign_document::ForeignDocument;
use super::signature::Signature;
use crate::task::ImageReference;
use crate::task::json::normalize;

/// The most images that one command names.
const MOST_IMAGES: usize = 8;

/// A command that reads YAML; it needs Python's `yaml` module, which the AWS CLI brings.
const FROM_YAML: &str = "`python3 -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin), default=str))' < FILE | taskpull pull -`";

/// Recognizes a document in YAML.
pub(super) fn recognize(text: &str) -> Option<ForeignDocument> {
    let keys = keys(text)?;
    if is_definition(&keys, text) {
        let registered = command_for_arn(text).map(|command| format!("ask for JSON: {command}"));
        let hint = registered.unwrap_or_else(|| format!("write it as JSON: {FROM_YAML}"));
        return Some(ForeignDocument::new("a task definition in YAML", hint));
    }
    let signature = Signature::find(&keys, text);
    let name = signature.map_or("a document in YAML", |signature| signature.name);
    let hint = command_for_arn(text)
        .map(|command| format!("it names a task definition: {command}"))
        .or_else(|| signature.and_then(|signature| images_first(signature.name, text)))
        .or_else(|| signature.and_then(|signature| signature.hint(text)))
        .or_else(|| images(text).map(|images| format!("to pull the images that it names: {}", image_command(&images))))
        .unwrap_or_else(|| {
            if signature.is_some() {
                Signature::NO_DEFINITION.to_owned()
            } else {
                format!("write it as JSON: {FROM_YAML}")
            }
        });
    Some(ForeignDocument::new(name, hint))
}

/// For a Compose file: its images, if all are literal.
fn images_first(name: &str, text: &str) -> Option<String> {
    if !name.contains("Compose") {
        return None;
    }
    images(text).map(|images| format!("to pull the images of its services: {}", image_command(&images)))
}

/// Whether the document has the keys of a task definition or of a list of containers.
fn is_definition(keys: &[&str], text: &str) -> bool {
    keys.contains(&"containerDefinitions")
        || keys.contains(&"taskDefinition") && text.contains("containerDefinitions:")
        || (keys.contains(&"image") && keys.contains(&"name") && text.trim_start().starts_with('-'))
}

/// The keys without indentation, and those of the first item of a list without indentation; `None` if the
/// text is not YAML.
fn keys(text: &str) -> Option<Vec<&str>> {
    let mut keys = Vec::new();
    let mut items = 0;
    for line in text.lines() {
        let is_comment = line.trim().is_empty() || line.trim_start().starts_with('#');
        if is_comment || line.starts_with("---") || line.starts_with("...") || line.starts_with('%') {
            continue;
        }
        items += usize::from(line.starts_with("- "));
        let is_of_first_item = items == 1 && line.starts_with("  ") && !line[2..].starts_with([' ', '-']);
        let entry = line.strip_prefix("- ").unwrap_or(line);
        let entry = if is_of_first_item { &line[2..] } else { entry };
        if entry.starts_with([' ', '\t']) || (line.starts_with('-') && items != 1) {
            continue;
        }
        match entry.split_once(':') {
            Some((key, value)) if value.is_empty() || value.starts_with([' ', '\r']) => {
                keys.push(key.trim_matches(['"', '\'']));
            }
            _ if line.starts_with('-') => {}
            _ => return None,
        }
    }
    let is_key = |key: &&str| !key.is_empty() && !normalize(key).is_empty() && !key.contains([' ', '/', '@']);
    (!keys.is_empty() && keys.iter().all(is_key)).then_some(keys)
}

/// The values of the keys `image`, each once; `None` if there are none or too many, or if one is an
/// expression.
fn images(text: &str) -> Option<Vec<&str>> {
    let mut images = Vec::new();
    for line in text.lines() {
        let entry = line.trim_start().trim_start_matches("- ").trim_start();
        let Some(value) = entry.strip_prefix("image:") else { continue };
        let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        let is_plain = !value.contains(['$', '{', '<']) && ImageReference::parse(value).is_ok();
        if !is_plain {
            return None;
        }
        if !images.contains(&value) {
            images.push(value);
        }
    }
    (1..=MOST_IMAGES).contains(&images.len()).then_some(images)
}
