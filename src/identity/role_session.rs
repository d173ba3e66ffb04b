//! A role that taskpull assumes.

use super::session_name::SessionName;
use crate::task::RoleArn;

/// A role to assume, and the name of the session.
///
/// The session name is part of the identity: a policy can distinguish the sessions of one role
/// (`aws:userid`, `sts:RoleSessionName`). So tasks of one family with one role share a decision,
/// and tasks of a different family do not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleSession {
    /// The role to assume.
    pub role: RoleArn,
    /// The `RoleSessionName` of the request to STS.
    pub name: SessionName,
}
