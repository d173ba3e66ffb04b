//! The kind of credential that an image requires, before it is fetched.

use std::fmt;

use super::registry::EcrRegistry;
use crate::identity::Identity;
use crate::task::CredentialsParameter;

/// The kind of credential that an image requires. Equal needs are resolved once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// No credential: the container names none, and the host has none for the image.
    Anonymous,
    /// The login in a secret of Secrets Manager.
    Secret {
        /// The ARN or name of the secret.
        parameter: CredentialsParameter,
        /// The identity that reads the secret.
        identity: Identity,
    },
    /// A token of a private ECR registry, whatever secret the container names (A10).
    Ecr {
        /// The registry, by account and Region.
        registry: EcrRegistry,
        /// The identity that gets the token.
        identity: Identity,
    },
    /// A token of ECR Public, if one is available; its images are public.
    EcrPublic {
        /// The identity that gets the token.
        identity: Identity,
    },
    /// A login of the host, for a container that names no credentials (B3).
    HostLogin(HostLogin),
}

impl Need {
    /// Whether the credential may give access to an image that is not public.
    #[must_use]
    pub fn is_private(&self) -> bool {
        !matches!(self, Self::Anonymous | Self::EcrPublic { .. })
    }
}

/// The name of a registry login that the host itself has; never the login.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostLogin {
    /// Where the host stores the login.
    pub source: HostLoginSource,
    /// What the login is for: the host of a registry, or a path in it.
    pub scope: String,
}

/// Where the host stores a login.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostLoginSource {
    /// The ECS agent's variable `ECS_ENGINE_AUTH_DATA`.
    EngineAuthData,
    /// The `auths` of a Docker `config.json`.
    DockerConfig,
    /// A Docker credential helper, named without `docker-credential-`.
    Helper(String),
}

impl fmt::Display for HostLoginSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EngineAuthData => f.write_str("ecs-engine-auth-data"),
            Self::DockerConfig => f.write_str("docker-config"),
            Self::Helper(name) => write!(f, "docker-credential-{name}"),
        }
    }
}
