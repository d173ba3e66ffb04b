//! The error of one container of a task definition.

use super::arn::ArnError;
use super::container::ContainerName;
use super::image_reference_error::ImageReferenceError;
use crate::error::{Class, Explain, Link, Printable};

/// Why one container cannot be pulled, whatever AWS or the registry answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("container {container}: {kind}")]
pub struct ContainerError {
    /// The name of the container, or its position.
    pub container: ContainerName,
    /// The image as written in the definition.
    pub image: Printable,
    /// What is wrong with the container.
    pub kind: ContainerErrorKind,
}

/// What can be wrong with a container.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerErrorKind {
    /// The name is not one that ECS accepts.
    #[error("the name must be 1 to 255 letters, digits, `-` and `_`")]
    Name,
    /// The image is not an image reference.
    #[error("image `{text}`: {error}", text = .0, error = .1)]
    Image(Printable, ImageReferenceError),
    /// `repositoryCredentials` has no `credentialsParameter`.
    #[error("`repositoryCredentials` has no `credentialsParameter`")]
    NoParameter,
    /// `credentialsParameter` is neither the ARN nor the name of a secret.
    #[error("credentialsParameter `{text}`: {error}", text = .0, error = .1)]
    Parameter(Printable, ArnError),
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
            ContainerErrorKind::Name => None,
            ContainerErrorKind::Image(_, error) => Some(error.hint().to_owned()),
            ContainerErrorKind::NoParameter => {
                Some("set it to the ARN or the name of a Secrets Manager secret".to_owned())
            }
            ContainerErrorKind::Parameter(_, error) => error.hint(),
        }
    }
}
