//! A warning of a run, in the list of all warnings.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Printable, Warning};
use crate::task::DefinitionWarning;

/// A warning, and the part of the run that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct WarningReport {
    /// The id and the message of the warning.
    #[serde(flatten)]
    pub warning: Warning,
    /// Where the task definition was read from, if the warning is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Printable>,
    /// Name of the container in that definition, if the warning is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Image whose pull or credential the warning is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Printable>,
}

impl WarningReport {
    /// A warning about a definition that was read from `source`.
    #[must_use]
    pub fn from_definition(source: &Printable, DefinitionWarning { container, warning }: &DefinitionWarning) -> Self {
        let container = container.as_ref().map(ToString::to_string);
        Self { source: Some(source.clone()), container, ..Self::from(warning) }
    }

    /// A warning about the pull of an image, or about the credential for it.
    #[must_use]
    pub fn from_pull(image: &Printable, warning: &Warning) -> Self {
        Self { image: Some(image.clone()), ..Self::from(warning) }
    }

    /// Whether the warning is about the host or its connections, whatever is pulled.
    #[must_use]
    pub fn is_about_host(&self) -> bool {
        self.source.is_none() && self.image.is_none()
    }
}

/// A warning about the host or its connections.
impl From<&Warning> for WarningReport {
    fn from(warning: &Warning) -> Self {
        Self { warning: warning.clone(), source: None, container: None, image: None }
    }
}

/// The warning as a line for people: what it is about, the message, and the id in brackets.
impl fmt::Display for WarningReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{source}: ")?;
        }
        if let Some(container) = &self.container {
            write!(f, "{container}: ")?;
        }
        self.warning.fmt(f)
    }
}
