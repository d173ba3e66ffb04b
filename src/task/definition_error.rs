//! The error of an input that is not a task definition.

use super::foreign::{ForeignDocument, fill_in};
use super::json::JsonError;
use crate::error::{Class, Excerpt, Explain, InputKind, InputText, Link, Printable};

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
        /// What to do about it.
        hint: String,
    },
    /// The input is a document of another kind.
    #[error("{source_name}: this is {document}, not the JSON of a task definition")]
    Foreign {
        /// The name of the input: a path, or `-`.
        source_name: Printable,
        /// What it is, with its article.
        document: Printable,
        /// How to get a task definition.
        hint: String,
    },
    /// The input has no containers.
    #[error("{source_name}: the task definition has no containers")]
    NoContainers {
        /// The name of the input: a path, or `-`.
        source_name: Printable,
    },
}

impl DefinitionError {
    pub(super) fn json(source: &str, error: JsonError) -> Self {
        let JsonError { line, column, path, message, hint } = error;
        Self::Json {
            source_name: shown(source).into(),
            line,
            column,
            path,
            message,
            hint: fill_in(&hint, shown(source).as_str()),
        }
    }

    pub(super) fn foreign(source: &str, document: &ForeignDocument) -> Self {
        Self::Foreign {
            source_name: shown(source).into(),
            document: Printable::new(&document.name),
            hint: fill_in(&document.hint, shown(source).as_str()),
        }
    }
}

/// The name of an input, which may be a login that was given in place of a path.
fn shown(source: &str) -> Excerpt {
    InputText::new(InputKind::Path, source).whole()
}

impl Explain for DefinitionError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        let (Self::Json { source_name, .. } | Self::Foreign { source_name, .. } | Self::NoContainers { source_name }) =
            self;
        source_name.to_string()
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Json { hint, .. } | Self::Foreign { hint, .. } => hint.clone(),
            Self::NoContainers { .. } => {
                "give a task definition, the output of `aws ecs describe-task-definition`, or an array of container definitions".to_owned()
            }
        })
    }
}
