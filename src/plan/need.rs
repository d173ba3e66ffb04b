//! The kind of credential that an image requires, before it is fetched.

use super::host_login::HostLogin;
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
