//! The JSON of a task definition, key by key as ECS spells it, before any meaning.
//!
//! Unknown keys are passed over (ECS adds some every year), wrong types are refused with
//! path, line and column. The text of an error never repeats a value: definitions carry
//! passwords in `environment`, and people put them in the wrong place.

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::marker::PhantomData;

/// The task definition's own keys.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Definition {
    pub family: Option<String>,
    pub execution_role_arn: Option<String>,
    pub runtime_platform: Option<Object<RuntimePlatform>>,
    pub container_definitions: Option<Vec<Object<Container>>>,
}

/// `runtimePlatform` (H5).
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuntimePlatform {
    pub cpu_architecture: Option<String>,
    pub operating_system_family: Option<String>,
}

/// One entry of `containerDefinitions`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container {
    pub name: Option<String>,
    pub image: Option<String>,
    pub repository_credentials: Option<Object<RepositoryCredentials>>,
}

/// `repositoryCredentials` (A1).
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RepositoryCredentials {
    pub credentials_parameter: Option<String>,
}

/// Where and why the text is not a task definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub line: usize,
    pub column: usize,
    pub path: String,
    pub message: String,
    pub is_syntax: bool,
}

/// Reads any of the three forms of A1: a definition, `{"taskDefinition": …}`, or a bare
/// array of containers.
pub(super) fn read(text: &[u8]) -> Result<Definition, Fault> {
    if let Some(fault) = too_deep(text) {
        return Err(fault);
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    let document: Document = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        fault(if path == "." { String::new() } else { path }, error.inner())
    })?;
    json.end().map_err(|error| fault(String::new(), &error))?;
    Ok(document.0)
}

/// A spelling of `containerDefinitions` from another tool's world, when there is one.
pub(super) fn foreign_spelling(text: &[u8]) -> Option<String> {
    let keys: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(text).ok()?;
    keys.into_iter()
        .map(|(key, _)| key)
        .find(|key| key.replace(['_', '-'], "").eq_ignore_ascii_case("containerdefinitions"))
}

fn fault(path: String, error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let message = without_values(text.strip_suffix(&position).unwrap_or(&text));
    Fault { line: error.line(), column: error.column(), path, message, is_syntax: !error.is_data() }
}

/// Serde quotes the offending string (`invalid type: string "hunter2", expected …`).
fn without_values(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}{}", message[..first].trim_end(), &message[last + 1..])
        }
        _ => message.to_owned(),
    }
}

/// Levels of nesting that are taken; a task definition has some six. Serde passes over an
/// unknown key's value however deep it is, so this is looked at before.
const DEPTH_LIMIT: usize = 100;

/// Where the text is nested too deeply.
fn too_deep(text: &[u8]) -> Option<Fault> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let (mut line, mut column) = (1, 0);
    for byte in text {
        column += 1;
        match byte {
            b'\n' => (line, column) = (line + 1, 0),
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_LIMIT {
            let message = format!("nested deeper than {DEPTH_LIMIT} levels");
            return Some(Fault { line, column, path: String::new(), message, is_syntax: false });
        }
    }
    None
}

struct Document(Definition);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a task definition or an array of container definitions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Document, A::Error> {
        let containers = Vec::deserialize(de::value::SeqAccessDeserializer::new(seq))?;
        Ok(Document(Definition { container_definitions: Some(containers), ..Definition::default() }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Document, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Outer {
            task_definition: Option<Object<Definition>>,
            family: Option<String>,
            execution_role_arn: Option<String>,
            runtime_platform: Option<Object<RuntimePlatform>>,
            container_definitions: Option<Vec<Object<Container>>>,
        }
        let outer = Outer::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(Document(outer.task_definition.map_or(
            Definition {
                family: outer.family,
                execution_role_arn: outer.execution_role_arn,
                runtime_platform: outer.runtime_platform,
                container_definitions: outer.container_definitions,
            },
            |inner| inner.0,
        )))
    }
}

/// A JSON object and nothing else: serde on its own takes an array for a struct too, key by
/// key in order.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::{foreign_spelling, read};

    #[test]
    fn a_wrong_type_is_named_by_path_and_place_and_not_repeated() {
        let text = b"{\n  \"containerDefinitions\": [\n    {\"name\": \"a\", \"image\": \"b\",\n     \"repositoryCredentials\": \"hunter\\\"2\"}]}";
        let fault = read(text).unwrap_err();
        assert_eq!((fault.line, fault.column), (4, 41));
        assert_eq!(fault.path, "containerDefinitions[0].repositoryCredentials");
        assert_eq!(fault.message, "invalid type: string, expected an object");
    }

    #[test]
    fn nested_brackets_are_refused_wherever_they_stand() {
        let deep = format!("{{\"x\":\n {}1{}}}", "[".repeat(1_000), "]".repeat(1_000));
        for text in ["[".repeat(100_000), "{\"a\":".repeat(1_000), deep] {
            assert_eq!(read(text.as_bytes()).unwrap_err().message, "nested deeper than 100 levels");
        }
        let in_a_string = format!(r#"[{{"image": "a", "x": "\"{}"}}]"#, "[".repeat(1_000));
        assert!(read(in_a_string.as_bytes()).is_ok());
    }

    #[test]
    fn an_array_is_no_container() {
        let fault = read(br#"[["name", "image", null]]"#).unwrap_err();
        assert_eq!((&*fault.path, &*fault.message), ("[0]", "invalid type: sequence, expected an object"));
    }

    #[test]
    fn a_key_given_twice_is_refused() {
        let fault = read(br#"[{"image": "a", "image": "b"}]"#).unwrap_err();
        assert_eq!(fault.message, "duplicate field `image`");
    }

    #[test]
    fn text_behind_the_definition_is_refused() {
        assert_eq!(read(b"[] []").unwrap_err().message, "trailing characters");
    }

    #[test]
    fn spellings_of_other_tools_are_recognised() {
        assert_eq!(foreign_spelling(br#"{"ContainerDefinitions": []}"#).as_deref(), Some("ContainerDefinitions"));
        assert_eq!(foreign_spelling(br#"{"container_definitions": []}"#).as_deref(), Some("container_definitions"));
        assert_eq!(foreign_spelling(br#"{"containers": []}"#), None);
    }
}
