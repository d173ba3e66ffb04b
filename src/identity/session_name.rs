//! The name of a role session.

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
