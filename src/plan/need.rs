//! What an image's registry wants to see, before anybody has fetched it.

use std::fmt;

use super::registry::EcrRegistry;
use crate::identity::Identity;
use crate::task::CredentialsParameter;

/// An image's need of a credential. Equal needs are resolved once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Nothing: the container names no credentials, and the host has none for the image.
    Anonymous,
    /// The login in a Secrets Manager secret.
    Secret {
        /// Which secret.
        parameter: CredentialsParameter,
        /// Who reads it.
        identity: Identity,
    },
    /// A token of a private ECR registry, whatever the container names (A10).
    Ecr {
        /// Whose registry it is, and where.
        registry: EcrRegistry,
        /// Who asks for the token.
        identity: Identity,
    },
    /// A token of ECR Public where it can be had: what is there is for everybody.
    EcrPublic {
        /// Who asks for the token.
        identity: Identity,
    },
    /// A login of the host's own: the container names no credentials (B3).
    Instance(InstanceLogin),
}

impl Need {
    /// Whether the registry may have the image for this need's credential alone.
    #[must_use]
    pub fn is_private(&self) -> bool {
        !matches!(self, Self::Anonymous | Self::EcrPublic { .. })
    }
}

/// A login of the host's own, by name; never the login itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InstanceLogin {
    /// Who has it.
    pub source: InstanceSource,
    /// What it is for: a registry's host, or a path in it.
    pub scope: String,
}

/// Who has a login of the host's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum InstanceSource {
    /// `ECS_ENGINE_AUTH_DATA`.
    EngineAuthData,
    /// The `auths` of a Docker `config.json`.
    DockerConfig,
    /// A Docker credential helper, by what follows `docker-credential-`.
    Helper(String),
}

impl fmt::Display for InstanceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EngineAuthData => f.write_str("ecs-engine-auth-data"),
            Self::DockerConfig => f.write_str("docker-config"),
            Self::Helper(name) => write!(f, "docker-credential-{name}"),
        }
    }
}
