//! The error of an input that is not a task definition.

use crate::error::{Class, Explain, Link, Printable};

/// Why an input is not a task definition at all.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// The input is not JSON, or is JSON with wrong types.
    #[error("{source_name}:{line}:{column}: {at}{message}", at = if path.is_empty() { String::new() } else { format!("{path}: ") })]
    Json {
        /// The name of the input: a path, or `-`.
        source_name: Printable,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// The path within the document, such as `containerDefinitions[0].image`.
        path: String,
        /// What is wrong; never a value of the input.
        message: String,
        /// Whether the input is not JSON at all.
        is_syntax: bool,
    },
    /// The input has no containers.
    #[error("{source_name}: the task definition has no containers")]
    NoContainers {
        /// The name of the input: a path, or `-`.
        source_name: Printable,
        /// The key that is `containerDefinitions` in the spelling of a different tool, if there is one.
        foreign_spelling: Option<String>,
    },
}

impl Explain for DefinitionError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        match self {
            Self::Json { source_name, .. } | Self::NoContainers { source_name, .. } => source_name.to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Json { is_syntax: true, .. } => {
                "the input must be JSON: `python3 -m json.tool FILE` shows the same position".to_owned()
            }
            Self::Json { .. } => {
                "use the keys and types of ECS: compare with `aws ecs register-task-definition --generate-cli-skeleton`"
                    .to_owned()
            }
            Self::NoContainers { foreign_spelling: Some(key), .. } => {
                format!("`{key}` is the spelling of a different tool; the JSON of ECS has `containerDefinitions`")
            }
            Self::NoContainers { foreign_spelling: None, .. } => {
                "give a task definition, the output of `aws ecs describe-task-definition`, or an array of container definitions".to_owned()
            }
        })
    }
}
