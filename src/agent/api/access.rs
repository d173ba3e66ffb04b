//! Who may do what: a decision from the kernel's word on a peer and the operator's lists.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

/// What somebody may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// To have images pulled, and to look at and call off what he sent.
    Submit,
    /// To look at everybody's requests, at readiness and metrics.
    Read,
    /// To be given a login itself.
    Credentials,
}

impl Right {
    /// Its name in `[access]`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Read => "read",
            Self::Credentials => "credentials",
        }
    }
}

/// The rights of one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// [`Right::Submit`]
    pub submit: bool,
    /// [`Right::Read`]
    pub read: bool,
    /// [`Right::Credentials`]
    pub credentials: bool,
}

impl Rights {
    /// Whether this one is among them.
    #[must_use]
    pub fn include(self, right: Right) -> bool {
        match right {
            Right::Submit => self.submit,
            Right::Read => self.read,
            Right::Credentials => self.credentials,
        }
    }
}

/// Whom a right was given to, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Users.
    pub users: HashSet<u32>,
    /// Groups.
    pub groups: HashSet<u32>,
}

impl Rule {
    fn lets(&self, uid: u32, gids: &[u32]) -> bool {
        self.users.contains(&uid) || gids.iter().any(|gid| self.groups.contains(gid))
    }
}

/// The operator's lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Who has [`Right::Submit`].
    pub submit: Rule,
    /// Who has [`Right::Read`].
    pub read: Rule,
    /// Who has [`Right::Credentials`].
    pub credentials: Rule,
}

impl Access {
    /// The rights of a user who is in these groups.
    #[must_use]
    pub fn rights(&self, uid: u32, gids: &[u32]) -> Rights {
        Rights {
            submit: self.submit.lets(uid, gids),
            read: self.read.lets(uid, gids),
            credentials: self.credentials.lets(uid, gids),
        }
    }

    /// Whether knowing more groups of a user could give him more than this.
    #[must_use]
    pub fn more_groups_matter(&self, have: Rights) -> bool {
        let rules = [(&self.submit, have.submit), (&self.read, have.read), (&self.credentials, have.credentials)];
        rules.iter().any(|(rule, has)| !has && !rule.groups.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Rights, Rule};

    fn access() -> Access {
        let rule = |users: &[u32], groups: &[u32]| Rule {
            users: users.iter().copied().collect(),
            groups: groups.iter().copied().collect(),
        };
        Access { submit: rule(&[0], &[900]), read: rule(&[0, 33], &[900]), credentials: Rule::default() }
    }

    #[test]
    fn a_right_comes_from_the_user_or_any_of_his_groups_and_from_nothing_else() {
        let all = Rights { submit: true, read: true, credentials: false };
        assert_eq!(access().rights(0, &[0]), all);
        assert_eq!(access().rights(1000, &[1000, 900]), all);
        assert_eq!(access().rights(33, &[33]), Rights { read: true, ..Rights::default() });
        assert_eq!(access().rights(900, &[0]), Rights::default(), "a user's number is no group's");
        assert_eq!(Access::default().rights(0, &[0]), Rights::default());
    }

    #[test]
    fn groups_are_looked_up_only_where_they_could_matter() {
        let access = access();
        assert!(!access.more_groups_matter(access.rights(0, &[0])));
        assert!(access.more_groups_matter(access.rights(33, &[33])));
        assert!(!Access::default().more_groups_matter(Rights::default()));
    }
}
