//! Access control: which rights a caller has, by the operator's lists (`access.*`).
//!
//! Users and groups are compared by number, as the kernel reports them. A caller in none of the
//! lists has no right; this includes root.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::user_groups::{group_id, user_id};
use crate::config::{AccessSettings, Principal};

/// A right that the operator can give to users and groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Submit task definitions, and show and cancel one's own requests.
    Submit,
    /// Show all requests, the readiness and the metrics.
    Read,
    /// Obtain the login for a registry.
    Credentials,
}

impl Right {
    /// Key of the right's list in the section `[access]`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Read => "read",
            Self::Credentials => "credentials",
        }
    }
}

/// The rights of one caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Whether the caller has [`Right::Submit`].
    pub submit: bool,
    /// Whether the caller has [`Right::Read`].
    pub read: bool,
    /// Whether the caller has [`Right::Credentials`].
    pub credentials: bool,
}

impl Rights {
    /// Returns whether the caller has this right.
    #[must_use]
    pub fn include(self, right: Right) -> bool {
        match right {
            Right::Submit => self.submit,
            Right::Read => self.read,
            Right::Credentials => self.credentials,
        }
    }
}

/// The users and groups that have one right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessRule {
    /// Ids of the users that have the right.
    pub users: HashSet<u32>,
    /// Ids of the groups whose members have the right.
    pub groups: HashSet<u32>,
}

impl AccessRule {
    fn allows(&self, uid: u32, gids: &[u32]) -> bool {
        self.users.contains(&uid) || gids.iter().any(|gid| self.groups.contains(gid))
    }
}

/// The operator's lists, one for each right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Users and groups with [`Right::Submit`].
    pub submit: AccessRule,
    /// Users and groups with [`Right::Read`].
    pub read: AccessRule,
    /// Users and groups with [`Right::Credentials`].
    pub credentials: AccessRule,
}

impl Access {
    /// Looks up the configured names, and also returns the names that the host does not know,
    /// sorted; such a name gives access to no user. Blocks on the user database.
    #[must_use]
    pub fn resolve(settings: &AccessSettings) -> (Self, Vec<String>) {
        let mut unknown = Vec::new();
        let mut resolve_rule = |principals: &[Principal]| {
            let mut rule = AccessRule::default();
            for principal in principals {
                let (id, ids, name) = match principal {
                    Principal::User(name) => (user_id(name), &mut rule.users, format!("user {name}")),
                    Principal::Group(name) => (group_id(name), &mut rule.groups, format!("group {name}")),
                };
                match id {
                    Some(id) => _ = ids.insert(id),
                    None => unknown.push(name),
                }
            }
            rule
        };
        let access = Self {
            submit: resolve_rule(&settings.submit),
            read: resolve_rule(&settings.read),
            credentials: resolve_rule(&settings.credentials),
        };
        unknown.sort();
        unknown.dedup();
        (access, unknown)
    }

    /// Returns the rights of a user who is a member of these groups.
    #[must_use]
    pub fn rights(&self, uid: u32, gids: &[u32]) -> Rights {
        Rights {
            submit: self.submit.allows(uid, gids),
            read: self.read.allows(uid, gids),
            credentials: self.credentials.allows(uid, gids),
        }
    }

    /// Returns whether a caller with these rights could get more of them through further groups.
    #[must_use]
    pub fn more_groups_matter(&self, rights: Rights) -> bool {
        let rules = [(&self.submit, rights.submit), (&self.read, rights.read), (&self.credentials, rights.credentials)];
        rules.iter().any(|(rule, has_right)| !has_right && !rule.groups.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, AccessRule, Rights};

    fn access() -> Access {
        let rule = |users: &[u32], groups: &[u32]| AccessRule {
            users: users.iter().copied().collect(),
            groups: groups.iter().copied().collect(),
        };
        Access { submit: rule(&[0], &[900]), read: rule(&[0, 33], &[900]), credentials: AccessRule::default() }
    }

    #[test]
    fn rights_come_from_the_uid_or_any_group_and_nothing_else() {
        let all = Rights { submit: true, read: true, credentials: false };
        assert_eq!(access().rights(0, &[0]), all);
        assert_eq!(access().rights(1000, &[1000, 900]), all);
        assert_eq!(access().rights(33, &[33]), Rights { read: true, ..Rights::default() });
        assert_eq!(access().rights(900, &[0]), Rights::default(), "a uid is not a gid");
        assert_eq!(Access::default().rights(0, &[0]), Rights::default());
    }

    #[test]
    fn groups_are_looked_up_only_if_they_could_add_rights() {
        let access = access();
        assert!(!access.more_groups_matter(access.rights(0, &[0])));
        assert!(access.more_groups_matter(access.rights(33, &[33])));
        assert!(!Access::default().more_groups_matter(Rights::default()));
    }
}
