//! Who asks.
//!
//! Every question to AWS is asked as somebody, and the answer belongs to that somebody:
//! an [`Identity`] is part of every key under which an answer is kept (decision 2 of the
//! design).

mod host;

use std::fmt;

pub use host::HostKind;

use crate::task::RoleArn;

/// Somebody who asks AWS for something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Whoever runs taskpull, found by the SDK's own chain.
    Host,
    /// A task's execution role, assumed from the host's identity (A15).
    ExecutionRole(RoleArn),
}

impl Identity {
    /// The identity that reads a task's secrets.
    #[must_use]
    pub fn of_task(execution_role: Option<RoleArn>) -> Self {
        execution_role.map_or(Self::Host, Self::ExecutionRole)
    }
}

impl Identity {
    /// Its name for programs: `host`, or the role's ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Host => "host",
            Self::ExecutionRole(role) => role.as_str(),
        }
    }
}

/// As a sentence speaks of it.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("the host"),
            Self::ExecutionRole(role) => f.write_str(role.as_str()),
        }
    }
}
