//! Roles that are assumed, and the name their sessions go under.

use crate::task::RoleArn;

/// A session's name, as CloudTrail shows it: `[\w+=,.@-]{2,64}` (STS `AssumeRole`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionName(String);

impl SessionName {
    /// The longest that STS takes.
    const LIMIT: usize = 64;

    /// The name for a task of this family; `taskpull` where there is none that can serve.
    /// What STS does not take becomes `-`.
    #[must_use]
    pub fn of_family(family: Option<&str>) -> Self {
        let taken = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
        let name: String = family.unwrap_or_default().chars().take(Self::LIMIT).map(taken).collect();
        if name.len() < 2 { Self("taskpull".to_owned()) } else { Self(name) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A role to be assumed, in a session of this name.
///
/// The name is part of who asks: a policy may tell sessions of one role apart
/// (`aws:userid`, `sts:RoleSessionName`). So tasks of one family and one role are one
/// decision, and those of another family are another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleSession {
    /// The role.
    pub role: RoleArn,
    /// What its session is called.
    pub name: SessionName,
}

#[cfg(test)]
mod tests {
    use super::SessionName;

    #[test]
    fn every_family_gives_a_name_that_sts_takes() {
        let name = |family| SessionName::of_family(family).as_str().to_owned();
        assert_eq!(name(Some("web-1_a")), "web-1_a");
        assert_eq!(name(Some("my family/ü")), "my-family--");
        let long = "f".repeat(255);
        assert_eq!(name(Some(&long)), long[..64]);
        for none in [None, Some(""), Some("w")] {
            assert_eq!(name(none), "taskpull");
        }
    }
}
