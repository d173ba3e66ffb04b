//! What an image's registry wants to see, before anybody has fetched it.

use crate::identity::Identity;
use crate::task::CredentialsParameter;

/// An image's need of a credential. Equal needs are resolved once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Nothing: the container names no credentials.
    Anonymous,
    /// The login in a Secrets Manager secret.
    Secret {
        /// Which secret.
        parameter: CredentialsParameter,
        /// Who reads it.
        identity: Identity,
    },
}

/// Whether a task's execution role is assumed to read its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleUse {
    /// As ECS does: the role is assumed from the host's identity.
    Assume,
    /// The host's own identity reads every secret.
    Ignore,
}
