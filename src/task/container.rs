//! One container of a task definition: its name, its image and its credentials.

use std::fmt;

use super::credentials_parameter::CredentialsParameter;
use super::image_reference::ImageReference;

/// A container whose image can be pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerDefinition {
    /// Container name, as in the task definition.
    pub name: ContainerName,
    /// The image, with Docker's defaults filled in.
    pub image: ImageReference,
    /// `repositoryCredentials.credentialsParameter`, if the container has it.
    pub credentials: Option<CredentialsParameter>,
}

/// A container's name: 1 to 255 letters, digits, `-` and `_` (`RegisterTaskDefinition`).
/// A container without a valid name is called by its position; `#1` is the first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerName(String);

impl ContainerName {
    /// Parses a name; `None` for a text that ECS does not accept.
    pub(super) fn parse(text: String) -> Option<Self> {
        let is_name = (1..=255).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        is_name.then_some(Self(text))
    }

    /// The name of a container without a valid one; the position counts from 0.
    pub(super) fn from_position(position: usize) -> Self {
        Self(format!("#{}", position + 1))
    }
}

impl fmt::Display for ContainerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
