//! The three forms of a task definition, key by key as ECS spells it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::json_error::JsonError;
use super::object::{Object, ObjectVisitor};

/// An input, parsed as the kind of document that it is.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::task) enum Document {
    /// A task definition, by itself or as `taskDefinition`.
    Definition(Object<Definition>),
    /// A bare array of containers, which has no role and no platform.
    Containers(Vec<Object<Container>>),
}

impl Document {
    /// Whether a container has an image, valid or not.
    pub(in crate::task) fn has_image(&self) -> bool {
        let containers = match self {
            Self::Definition(definition) => definition.value.container_definitions.as_deref().unwrap_or_default(),
            Self::Containers(containers) => containers,
        };
        containers.iter().any(|container| container.value.image.is_some())
    }

    /// The definition; that of a bare array has only containers.
    pub(in crate::task) fn into_definition(self) -> Object<Definition> {
        match self {
            Self::Definition(definition) => definition,
            Self::Containers(containers) => {
                let value = Definition { container_definitions: Some(containers), ..Definition::default() };
                Object { value, stray_keys: Vec::new() }
            }
        }
    }
}

/// The keys of the task definition that taskpull reads.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::task) struct Definition {
    pub family: Option<String>,
    pub execution_role_arn: Option<String>,
    pub runtime_platform: Option<Object<RuntimePlatform>>,
    pub container_definitions: Option<Vec<Object<Container>>>,
}

/// The value of `runtimePlatform` (H5).
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::task) struct RuntimePlatform {
    pub cpu_architecture: Option<String>,
    pub operating_system_family: Option<String>,
}

/// One entry of `containerDefinitions`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::task) struct Container {
    pub name: Option<String>,
    pub image: Option<String>,
    pub repository_credentials: Option<Object<RepositoryCredentials>>,
}

/// The value of `repositoryCredentials` (A1).
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::task) struct RepositoryCredentials {
    pub credentials_parameter: Option<String>,
}

/// Parses any of the three forms of A1: a definition, `{"taskDefinition": …}`, or a bare
/// array of containers.
pub(in crate::task) fn parse(text: &str) -> Result<Document, JsonError> {
    check_depth(text)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let document: Document = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        JsonError::new(text, if path == "." { String::new() } else { path }, error.inner())
    })?;
    json.end().map_err(|error| JsonError::new(text, String::new(), &error))?;
    Ok(document)
}

/// The deepest nesting that is accepted; a task definition has about six levels. Serde ignores the
/// value of an unknown key however deep it is, so the depth is checked before it parses.
const DEPTH_LIMIT: usize = 100;

/// Refuses a text that is nested too deeply.
fn check_depth(text: &str) -> Result<(), JsonError> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let (mut line, mut column) = (1, 0);
    for byte in text.bytes() {
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
            return Err(JsonError::too_deep(line, column, DEPTH_LIMIT));
        }
    }
    Ok(())
}

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
        Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(Document::Containers)
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
        let Object { value: outer, stray_keys }: Object<Outer> = ObjectVisitor(PhantomData).visit_map(map)?;
        Ok(Document::Definition(outer.task_definition.unwrap_or(Object {
            value: Definition {
                family: outer.family,
                execution_role_arn: outer.execution_role_arn,
                runtime_platform: outer.runtime_platform,
                container_definitions: outer.container_definitions,
            },
            stray_keys,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_wrong_type_is_located_and_its_value_not_repeated() {
        let text = "{\n  \"containerDefinitions\": [\n    {\"name\": \"a\", \"image\": \"b\",\n     \"repositoryCredentials\": \"hunter\\\"2\"}]}";
        let error = parse(text).unwrap_err();
        assert_eq!((error.line, error.column), (4, 41));
        assert_eq!(error.path, "containerDefinitions[0].repositoryCredentials");
        assert_eq!(error.message, "invalid type: string, expected an object");
    }

    #[test]
    fn nesting_deeper_than_the_limit_is_refused() {
        let deep = format!("{{\"x\":\n {}1{}}}", "[".repeat(1_000), "]".repeat(1_000));
        for text in ["[".repeat(100_000), "{\"a\":".repeat(1_000), deep] {
            assert_eq!(parse(&text).unwrap_err().message, "nested deeper than 100 levels");
        }
        let in_a_string = format!(r#"[{{"image": "a", "x": "\"{}"}}]"#, "[".repeat(1_000));
        assert!(parse(&in_a_string).is_ok());
    }

    #[test]
    fn an_array_is_not_accepted_as_a_container() {
        let error = parse(r#"[["name", "image", null]]"#).unwrap_err();
        assert_eq!((&*error.path, &*error.message), ("[0]", "invalid type: sequence, expected an object"));
    }

    #[test]
    fn a_duplicate_key_is_refused() {
        let error = parse(r#"[{"image": "a", "image": "b"}]"#).unwrap_err();
        assert_eq!(error.message, "duplicate field `image`");
    }

    #[test]
    fn text_after_the_definition_is_refused() {
        assert_eq!(parse("[] x").unwrap_err().message, "text after the end of the definition");
    }
}
