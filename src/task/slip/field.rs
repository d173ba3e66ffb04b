//! The fields whose values are checked for slips.

use std::fmt;

use crate::error::{InputKind, InputText};

/// A field whose value is checked for slips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The image of a container.
    Image,
    /// The host of a registry, with or without a path.
    RegistryHost,
    /// A secret: `credentialsParameter`, or an argument or setting that names one.
    Secret,
    /// A role: `executionRoleArn`, or a setting that names one.
    Role,
    /// The ARN of a KMS key.
    Key,
    /// An ECS cluster, by name or ARN.
    Cluster,
    /// The name of a container.
    ContainerName,
}

impl Field {
    /// The text of such a field, ready to be quoted.
    #[must_use]
    pub fn text(self, text: &str) -> InputText<'_> {
        let kind = match self {
            Self::Image | Self::RegistryHost => InputKind::Image,
            Self::Secret | Self::Role | Self::Key | Self::Cluster => InputKind::Name,
            Self::ContainerName => InputKind::Label,
        };
        InputText::new(kind, text)
    }

    /// Whether the value is an image or a part of one.
    pub(super) fn is_image(self) -> bool {
        matches!(self, Self::Image | Self::RegistryHost)
    }

    /// The service of the ARNs of this field, if it can be an ARN.
    pub(super) fn service(self) -> Option<&'static str> {
        match self {
            Self::Secret => Some("secretsmanager"),
            Self::Role => Some("iam"),
            Self::Key => Some("kms"),
            Self::Cluster => Some("ecs"),
            Self::Image | Self::RegistryHost | Self::ContainerName => None,
        }
    }
}

/// What the field should have, within a sentence.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "an image",
            Self::RegistryHost => "a registry's host",
            Self::Secret => "the ARN or the name of a secret",
            Self::Role => "the ARN of a role",
            Self::Key => "the ARN of a KMS key",
            Self::Cluster => "the ARN or the name of a cluster",
            Self::ContainerName => "a container's name",
        })
    }
}
