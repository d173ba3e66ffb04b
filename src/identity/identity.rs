//! The AWS principal that makes a request.

use std::fmt;

use crate::task::{RoleArn, RoleParameter};

/// The AWS principal that makes a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The host's own identity; [`HostKind`](crate::config::HostKind) decides where it is looked for.
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
    /// The name of the identity for programs: `host`, or the ARN or name of the role.
    #[must_use]
    pub fn name(&self) -> &str {
        self.role().map_or("host", RoleParameter::as_str)
    }

    /// The role; `None` for the host, whose role is not known here.
    #[must_use]
    pub fn role(&self) -> Option<&RoleParameter> {
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

    /// The ARN of the role session, as STS names it in its answer and CloudTrail shows it; `None` for
    /// the host. STS leaves out the role's path.
    #[must_use]
    pub fn session_arn(&self) -> Option<String> {
        let RoleSession { role, name } = self.session()?;
        let (_, role_name) = role.as_str().rsplit_once('/')?;
        let (partition, account, session) = (role.partition()?, role.account()?, name.as_str());
        Some(format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{session}"))
    }

    /// The `sts:ExternalId` to send when the role is assumed.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        match self {
            Self::AccountRole(role) => role.external_id.as_deref(),
            Self::Host | Self::ExecutionRole(_) => None,
        }
    }

    /// The same identity with the ARN of its execution role, which its task may give by name.
    #[must_use]
    pub fn with_execution_role(self, role: RoleArn) -> Self {
        match self {
            Self::ExecutionRole(session) => Self::ExecutionRole(RoleSession { role: role.into(), ..session }),
            other => other,
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
        f.write_str(self.role().map_or("the host", RoleParameter::as_str))
    }
}

/// A role to assume, and the name of the session.
///
/// The session name is part of the identity: a policy can distinguish the sessions of one role
/// (`aws:userid`, `sts:RoleSessionName`). So tasks of one family with one role share a decision,
/// and tasks of a different family do not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleSession {
    /// The role to assume, by ARN or by its name in the account of the caller.
    pub role: RoleParameter,
    /// The `RoleSessionName` of the request to STS.
    pub name: SessionName,
}

/// The name of a role session, as CloudTrail shows it: `[\w+=,.@-]{2,64}` (STS `AssumeRole`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionName(String);

impl SessionName {
    /// The longest name that STS accepts, in characters.
    const LIMIT: usize = 64;

    /// The name for a task of this family. Characters that STS does not accept become `-`; without
    /// a family, or with one of a single character, the name is `taskpull`.
    #[must_use]
    pub fn from_family(family: Option<&str>) -> Self {
        let replace = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
        let name: String = family.unwrap_or_default().chars().take(Self::LIMIT).map(replace).collect();
        if name.len() < 2 { Self("taskpull".to_owned()) } else { Self(name) }
    }

    /// The name, 2 to 64 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::SessionName;

    #[test]
    fn a_session_is_named_after_the_family() {
        let name = |family| SessionName::from_family(family).as_str().to_owned();
        assert_eq!(name(Some("web-1_a")), "web-1_a");
        assert_eq!(name(Some("my family/ü")), "my-family--");
        let long = "f".repeat(255);
        assert_eq!(name(Some(&long)), long[..64]);
        for family in [None, Some(""), Some("w")] {
            assert_eq!(name(family), "taskpull");
        }
    }

    proptest! {
        #[test]
        fn every_family_gives_a_session_name_that_sts_accepts(family in "\\PC{0,80}") {
            let name = SessionName::from_family(Some(&family));
            prop_assert!((2..=64).contains(&name.as_str().len()));
            prop_assert!(name.as_str().chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)));
        }
    }
}
