//! One container of a task definition: its name, its image and its credentials.

use std::fmt;

use super::{
    arn::ArnError, credentials_parameter::CredentialsParameter, image_error::ImageReferenceError,
    image_reference::ImageReference, json::StrayKey, slip::Slip,
};
use crate::error::{Class, Excerpt, Explain, Link};

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
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_name = (1..=255).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        is_name.then(|| Self(text.to_owned()))
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

/// Why one container cannot be pulled, whatever AWS or the registry answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("container {container}: {kind}")]
pub struct ContainerError {
    /// The name of the container, or its position.
    pub container: ContainerName,
    /// The image as written in the definition, without what may be a login.
    pub image: Excerpt,
    /// What is wrong with the container.
    pub kind: ContainerErrorKind,
}

/// What can be wrong with a container.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerErrorKind {
    /// The name is not one that ECS accepts.
    #[error("the name `{text}` {reason}", text = .0, reason = reason(.1.as_deref()))]
    Name(Excerpt, Option<Box<Slip>>),
    /// The image is not an image reference.
    #[error("image `{text}`: {error}", text = .0, error = .1)]
    Image(Excerpt, Box<ImageReferenceError>),
    /// The container has no image or no credentials, but a key that is meant as one of them.
    #[error("{key}", key = .0)]
    StrayKey(StrayKey),
    /// `credentialsParameter` is neither the ARN nor the name of a secret.
    #[error("credentialsParameter `{text}`: {error}", text = .0, error = .1)]
    Parameter(Excerpt, Box<ArnError>),
}

/// Why a name is not one, as the end of a sentence.
fn reason(slip: Option<&Slip>) -> String {
    let rule = "must be 1 to 255 letters, digits, `-` and `_`";
    slip.map_or_else(|| rule.to_owned(), |slip| format!("{rule}: {slip}"))
}

impl Explain for ContainerError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        match &self.kind {
            ContainerErrorKind::Image(text, _) | ContainerErrorKind::Parameter(text, _)
                if !text.as_str().is_empty() =>
            {
                text.to_string()
            }
            _ => self.container.to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        match &self.kind {
            ContainerErrorKind::Name(_, Some(slip)) => Some(slip.hint()),
            ContainerErrorKind::Name(_, None) => Some("give the container a name that ECS accepts".to_owned()),
            ContainerErrorKind::Image(_, error) => Some(error.hint()),
            ContainerErrorKind::StrayKey(key) => Some(key.hint()),
            ContainerErrorKind::Parameter(_, error) => error.hint(),
        }
    }
}
