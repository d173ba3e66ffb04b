//! The JSON of a task definition, key by key as ECS spells it.
//!
//! Unknown keys are ignored, because ECS adds keys every year; wrong types are refused with path,
//! line and column. An error never repeats a value of the input: definitions contain passwords in
//! `environment`, and users put passwords in the wrong place.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// The keys of the task definition that taskpull reads.
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

/// Where and why the text is not a task definition: line from 1, column in bytes from 1, and the
/// path within the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JsonError {
    pub line: usize,
    pub column: usize,
    pub path: String,
    pub message: String,
    pub is_syntax: bool,
}

/// Parses any of the three forms of A1: a definition, `{"taskDefinition": …}`, or a bare
/// array of containers.
pub(super) fn parse(text: &[u8]) -> Result<Definition, JsonError> {
    let text = without_byte_order_mark(text);
    check_depth(text)?;
    let mut json = serde_json::Deserializer::from_slice(text);
    let document: Document = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        json_error(if path == "." { String::new() } else { path }, error.inner())
    })?;
    json.end().map_err(|error| json_error(String::new(), &error))?;
    Ok(document.0)
}

/// Removes the byte order mark that some editors put in front of a text.
fn without_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// The key that is `containerDefinitions` in the spelling of a different tool, if there is one.
pub(super) fn foreign_spelling(text: &[u8]) -> Option<String> {
    let text = without_byte_order_mark(text);
    let keys: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(text).ok()?;
    keys.into_iter()
        .map(|(key, _)| key)
        .filter(|key| key != "containerDefinitions")
        .find(|key| key.replace(['_', '-'], "").eq_ignore_ascii_case("containerdefinitions"))
}

fn json_error(path: String, error: &serde_json::Error) -> JsonError {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let message = without_values(text.strip_suffix(&position).unwrap_or(&text));
    JsonError { line: error.line(), column: error.column(), path, message, is_syntax: !error.is_data() }
}

/// Removes the value that serde quotes (`invalid type: string "hunter2", expected …`).
fn without_values(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}{}", message[..first].trim_end(), &message[last + 1..])
        }
        _ => message.to_owned(),
    }
}

/// The deepest nesting that is accepted; a task definition has about six levels. Serde ignores the
/// value of an unknown key however deep it is, so the depth is checked before it parses.
const DEPTH_LIMIT: usize = 100;

/// Refuses a text that is nested too deeply.
fn check_depth(text: &[u8]) -> Result<(), JsonError> {
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
            return Err(JsonError { line, column, path: String::new(), message, is_syntax: false });
        }
    }
    Ok(())
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

/// A JSON object and nothing else. Without it, serde also accepts an array in place of a struct,
/// with the values in the order of the fields.
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
    use super::{foreign_spelling, parse};

    #[test]
    fn a_wrong_type_is_located_and_its_value_not_repeated() {
        let text = b"{\n  \"containerDefinitions\": [\n    {\"name\": \"a\", \"image\": \"b\",\n     \"repositoryCredentials\": \"hunter\\\"2\"}]}";
        let error = parse(text).unwrap_err();
        assert_eq!((error.line, error.column), (4, 41));
        assert_eq!(error.path, "containerDefinitions[0].repositoryCredentials");
        assert_eq!(error.message, "invalid type: string, expected an object");
    }

    #[test]
    fn nesting_deeper_than_the_limit_is_refused() {
        let deep = format!("{{\"x\":\n {}1{}}}", "[".repeat(1_000), "]".repeat(1_000));
        for text in ["[".repeat(100_000), "{\"a\":".repeat(1_000), deep] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().message, "nested deeper than 100 levels");
        }
        let in_a_string = format!(r#"[{{"image": "a", "x": "\"{}"}}]"#, "[".repeat(1_000));
        assert!(parse(in_a_string.as_bytes()).is_ok());
    }

    #[test]
    fn an_array_is_not_accepted_as_a_container() {
        let error = parse(br#"[["name", "image", null]]"#).unwrap_err();
        assert_eq!((&*error.path, &*error.message), ("[0]", "invalid type: sequence, expected an object"));
    }

    #[test]
    fn a_duplicate_key_is_refused() {
        let error = parse(br#"[{"image": "a", "image": "b"}]"#).unwrap_err();
        assert_eq!(error.message, "duplicate field `image`");
    }

    #[test]
    fn text_after_the_definition_is_refused() {
        assert_eq!(parse(b"[] []").unwrap_err().message, "trailing characters");
    }

    #[test]
    fn the_spellings_of_other_tools_are_recognised() {
        assert_eq!(foreign_spelling(br#"{"ContainerDefinitions": []}"#).as_deref(), Some("ContainerDefinitions"));
        assert_eq!(foreign_spelling(br#"{"container_definitions": []}"#).as_deref(), Some("container_definitions"));
        assert_eq!(foreign_spelling(br#"{"containerDefinitions": []}"#), None, "the spelling of ECS");
        assert_eq!(foreign_spelling(br#"{"containers": []}"#), None);
    }
}
