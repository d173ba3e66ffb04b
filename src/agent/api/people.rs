//! The users and groups of this host, as its database has them (which may be a directory
//! service: whatever is asked here blocks).

use std::ffi::CString;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};

use super::access::{Access, Rule};
use crate::config::{AccessSettings, Principal};

impl Access {
    /// The lists by number, and the names that nobody has: they let nobody in.
    #[must_use]
    pub fn resolve(settings: &AccessSettings) -> (Self, Vec<String>) {
        let mut unknown = Vec::new();
        let mut rule = |who: &[Principal]| {
            let mut rule = Rule::default();
            for one in who {
                let (found, set, name) = match one {
                    Principal::User(name) => (user(name), &mut rule.users, format!("user {name}")),
                    Principal::Group(name) => (group(name), &mut rule.groups, format!("group {name}")),
                };
                match found {
                    Some(id) => _ = set.insert(id),
                    None => unknown.push(name),
                }
            }
            rule
        };
        let access = Self {
            submit: rule(&settings.submit),
            read: rule(&settings.read),
            credentials: rule(&settings.credentials),
        };
        unknown.sort();
        unknown.dedup();
        (access, unknown)
    }
}

/// A user's number; a number is one whether or not anybody has it.
fn user(name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| Some(User::from_name(name).ok()??.uid.as_raw()))
}

/// A group's number.
pub(super) fn group(name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| Some(Group::from_name(name).ok()??.gid.as_raw()))
}

/// What a group is called, if it is called anything.
pub(crate) fn group_name(gid: u32) -> Option<String> {
    Some(Group::from_gid(Gid::from_raw(gid)).ok()??.name)
}

/// The groups that the database has a user in, beside `gid`, which a process of his has. A
/// user without an entry has none.
pub(super) fn groups_of(uid: u32, gid: u32) -> Vec<u32> {
    let gid = Gid::from_raw(gid);
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    let name = user.and_then(|user| CString::new(user.name).ok());
    let groups = name.and_then(|name| getgrouplist(&name, gid).ok()).unwrap_or_default();
    groups.into_iter().chain([gid]).map(Gid::as_raw).collect()
}
