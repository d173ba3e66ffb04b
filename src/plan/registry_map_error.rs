//! The error of an entry of `[[registry]]`.

use super::registry::EcrHostError;
use crate::error::{Class, Excerpt, Explain, Link};
use crate::task::{ArnError, Slip};

/// Why an entry of `registry` cannot be used. The host is given.
#[derive(Debug, thiserror::Error)]
pub enum RegistryMapError {
    /// No image can be in a registry of this name.
    #[error("registry: `{0}` is not a registry's host")]
    Host(Excerpt),
    /// The host is in a wrong form, or something else.
    #[error("registry: host `{host}`: {slip}")]
    Slip {
        /// The text of the entry, without what may be a login.
        host: Excerpt,
        /// What is wrong with the text.
        slip: Slip,
    },
    /// Two entries have the same host.
    #[error("registry: {0} has more than one entry")]
    Duplicate(String),
    /// The host looks like an ECR registry and is not one.
    #[error("registry: {host} is not the host of an ECR registry")]
    EcrHost {
        /// The host of the entry.
        host: String,
        /// What is wrong with the host.
        source: EcrHostError,
    },
    /// The entry of an ECR registry has a secret, although ECR accepts only its own tokens (A10).
    #[error(
        "registry: {0} is an ECR registry, which accepts only its own tokens: the entry may have a role, but no secret"
    )]
    SecretForEcr(String),
    /// The entry has no secret, so there is no login.
    #[error("registry: {0} has no secret; only ECR registries need none")]
    NoSecret(String),
    /// The secret is neither an ARN nor a name.
    #[error("registry: the secret of {host} is neither the ARN nor the name of a secret")]
    Secret {
        /// The host of the entry.
        host: String,
        /// What is wrong with the secret's ARN or name.
        source: ArnError,
    },
    /// The role is not the ARN of a role.
    #[error("registry: the role of {host} is not the ARN of a role")]
    Role {
        /// The host of the entry.
        host: String,
        /// What is wrong with the ARN.
        source: ArnError,
    },
    /// The role is in the wrong partition; partitions share no identities.
    #[error("registry: the role of {host} is not in the partition {partition} of the registry and its secret")]
    Partition {
        /// The host of the entry.
        host: String,
        /// The partition of the registry and its secret.
        partition: String,
    },
}

impl Explain for RegistryMapError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        "registry".to_owned()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Host(_) => Some(
                "write `host` or `host:port`, as it is before the first slash of an image; Docker Hub is docker.io"
                    .to_owned(),
            ),
            Self::Slip { slip, .. } => Some(slip.hint()),
            Self::Secret { source, .. } | Self::Role { source, .. } => source.hint(),
            _ => None,
        };
        hint.or_else(|| Some("see the example in docs/credential-helper.md".to_owned()))
    }
}
