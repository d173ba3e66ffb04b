//! Users and groups of this host, from its user database.
//!
//! The database may be a directory service, so every function here blocks.

use std::ffi::CString;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};

/// Returns the uid of a user name. A number is returned unchanged, even if no user has it.
pub(super) fn user_id(name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| Some(User::from_name(name).ok()??.uid.as_raw()))
}

/// Returns the gid of a group name. A number is returned unchanged, even if no group has it.
pub(super) fn group_id(name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| Some(Group::from_name(name).ok()??.gid.as_raw()))
}

/// Returns the name of a group, if it has one.
pub(crate) fn group_name(gid: u32) -> Option<String> {
    Some(Group::from_gid(Gid::from_raw(gid)).ok()??.name)
}

/// Returns the gids of all groups of a user, including `gid`, the group of the user's process. A
/// user without an entry in the database has only that one.
pub(super) fn group_ids(uid: u32, gid: u32) -> Vec<u32> {
    let gid = Gid::from_raw(gid);
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    let name = user.and_then(|user| CString::new(user.name).ok());
    let groups = name.and_then(|name| getgrouplist(&name, gid).ok()).unwrap_or_default();
    groups.into_iter().chain([gid]).map(Gid::as_raw).collect()
}
