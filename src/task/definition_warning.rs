//! A warning about a task definition, with the container that it is about.

use std::fmt;

use super::container::ContainerName;
use crate::error::Warning;

/// A part of a definition that is allowed and probably a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionWarning {
    /// The container with the problem; `None` if it is one of the whole definition.
    pub container: Option<ContainerName>,
    /// The problem, and what to do about it.
    pub warning: Warning,
}

impl DefinitionWarning {
    /// A warning about one container.
    #[must_use]
    pub fn new(container: &ContainerName, warning: Warning) -> Self {
        Self { container: Some(container.clone()), warning }
    }
}

/// The container, if the warning is about one, and the warning with its id.
impl fmt::Display for DefinitionWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.container {
            Some(container) => write!(f, "{container}: {}", self.warning),
            None => self.warning.fmt(f),
        }
    }
}
