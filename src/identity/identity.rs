//! The AWS principal that makes a request.

use std::fmt;

use super::role_session::RoleSession;
use crate::task::RoleArn;

/// The AWS principal that makes a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The host's own identity; [`super::HostKind`] decides which sources provide its credentials.
    Host,
    /// A task's execution role, which the host's identity assumes (A15).
    ExecutionRole(RoleSession),
    /// The role that `identity.account` names for an account.
    AccountRole(Box<AccountRole>),
}

/// A role from `identity.account`. Every field is part of the cache key, because the role's trust
/// policy may decide differently for a different external id or source identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountRole {
    /// The role and the name of its session.
    pub session: RoleSession,
    /// The `sts:ExternalId` that the role's trust policy requires.
    pub external_id: Option<String>,
    /// The execution role that assumes this role; `None` if the host does.
    pub via: Option<RoleSession>,
}

impl Identity {
    /// The name of the identity for programs: `host`, or the ARN of the role.
    #[must_use]
    pub fn name(&self) -> &str {
        self.role().map_or("host", RoleArn::as_str)
    }

    /// The role; `None` for the host, whose role is not known here.
    #[must_use]
    pub fn role(&self) -> Option<&RoleArn> {
        self.session().map(|session| &session.role)
    }

    /// The role session, if taskpull assumes a role.
    #[must_use]
    pub fn session(&self) -> Option<&RoleSession> {
        match self {
            Self::Host => None,
            Self::ExecutionRole(session) => Some(session),
            Self::AccountRole(role) => Some(&role.session),
        }
    }

    /// The `sts:ExternalId` to send when the role is assumed.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        match self {
            Self::AccountRole(role) => role.external_id.as_deref(),
            Self::Host | Self::ExecutionRole(_) => None,
        }
    }

    /// The identity that assumes this one; `None` for the host.
    #[must_use]
    pub fn assumed_by(&self) -> Option<Self> {
        match self {
            Self::Host => None,
            Self::ExecutionRole(_) => Some(Self::Host),
            Self::AccountRole(role) => Some(role.via.clone().map_or(Self::Host, Self::ExecutionRole)),
        }
    }
}

/// The name of the identity within a sentence.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.role().map_or("the host", RoleArn::as_str))
    }
}
