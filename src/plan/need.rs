//! What an image's registry wants to see, before anybody has fetched it.

use crate::task::{ArnError, CredentialsParameter, RoleArn};

/// An image's need of a credential. Equal needs are resolved once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Nothing: the container names no credentials.
    Anonymous,
    /// The login in a Secrets Manager secret.
    Secret {
        /// Which secret.
        parameter: CredentialsParameter,
        /// Who reads it: the task's execution role, or the host where there is none (A15).
        execution_role: Option<RoleArn>,
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

impl Need {
    /// The need of a container, in a task with this execution role.
    pub(super) fn of<'role>(
        credentials: Option<CredentialsParameter>,
        execution_role: Result<&Option<RoleArn>, &'role ArnError>,
    ) -> Result<Self, &'role ArnError> {
        match credentials {
            None => Ok(Self::Anonymous),
            Some(parameter) => Ok(Self::Secret { parameter, execution_role: execution_role?.clone() }),
        }
    }
}
