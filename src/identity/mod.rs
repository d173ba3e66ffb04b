//! Who asks.
//!
//! Every question to AWS is asked as somebody, and the answer belongs to that somebody:
//! an [`Identity`] is part of every key under which an answer is kept. This room says who it
//! is to be; `credential::aws` gets their credentials.

mod account;
mod role;

use std::fmt;

pub use account::{AccountRoles, AccountRolesError, PartitionError};
pub use role::{RoleSession, SessionName};

use crate::task::RoleArn;

/// Somebody who asks AWS for something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Whoever runs taskpull, found where the host's kind has it ([`HostKind`]).
    Host,
    /// A task's execution role, assumed from the host's identity (A15).
    ExecutionRole(RoleSession),
    /// The role that the operator's map names for a secret's account.
    AccountRole(Box<AccountRole>),
}

/// A role of the map of accounts. All of it is part of the key: another external id or
/// another way is another decision of the role's trust policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountRole {
    /// The role.
    pub session: RoleSession,
    /// What its trust policy asks for as `sts:ExternalId`.
    pub external_id: Option<String>,
    /// The execution role that assumes it; the host where there is none.
    pub via: Option<RoleSession>,
}

impl Identity {
    /// Its name for programs: `host`, or the role's ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        self.role().map_or("host", RoleArn::as_str)
    }

    /// Its role; the host's own is not known here.
    #[must_use]
    pub fn role(&self) -> Option<&RoleArn> {
        self.session().map(|session| &session.role)
    }

    /// Its session, when it is a role that is to be assumed.
    #[must_use]
    pub fn session(&self) -> Option<&RoleSession> {
        match self {
            Self::Host => None,
            Self::ExecutionRole(session) => Some(session),
            Self::AccountRole(role) => Some(&role.session),
        }
    }

    /// What its trust policy is told as `sts:ExternalId`.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        match self {
            Self::AccountRole(role) => role.external_id.as_deref(),
            Self::Host | Self::ExecutionRole(_) => None,
        }
    }

    /// Who assumes it; nobody assumes the host.
    #[must_use]
    pub fn assumed_by(&self) -> Option<Self> {
        match self {
            Self::Host => None,
            Self::ExecutionRole(_) => Some(Self::Host),
            Self::AccountRole(role) => Some(role.via.clone().map_or(Self::Host, Self::ExecutionRole)),
        }
    }
}

/// As a sentence speaks of it.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.role().map_or("the host", RoleArn::as_str))
    }
}
