//! A warning about a task definition in a report.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Warning;
use crate::task::DefinitionWarning;

/// A warning about a task definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskWarning {
    /// Container that the warning is about; absent if it is about the whole definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The warning.
    #[serde(flatten)]
    pub warning: Warning,
}

impl From<DefinitionWarning> for TaskWarning {
    fn from(DefinitionWarning { container, warning }: DefinitionWarning) -> Self {
        Self { container: container.map(|name| name.to_string()), warning }
    }
}

/// The container, if the warning is about one, and the warning with its id.
impl fmt::Display for TaskWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.container {
            Some(container) => write!(f, "{container}: {}", self.warning),
            None => self.warning.fmt(f),
        }
    }
}
