//! Users and groups of this host that a setting names.

/// A user or a group, by name or number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A user, by name or uid.
    User(String),
    /// A group, by name or gid; written with a leading `@`.
    Group(String),
}

impl Principal {
    /// Parses a list separated by commas; an empty text is an empty list.
    #[must_use]
    pub fn parse_list(text: &str) -> Option<Vec<Self>> {
        if text.trim().is_empty() {
            return Some(Vec::new());
        }
        text.split(',').map(|name| Self::parse(name.trim())).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, is_group) = text.strip_prefix('@').map_or((text, false), |name| (name, true));
        // The names that useradd accepts, and those of directories: with dots, at signs, backslashes.
        let is_valid = |c: char| c.is_alphanumeric() || "_-.@\\$".contains(c);
        if name.is_empty() || name.starts_with('@') || !name.chars().all(is_valid) {
            return None;
        }
        Some(if is_group { Self::Group(name.to_owned()) } else { Self::User(name.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Principal;

    #[test]
    fn at_sign_distinguishes_groups_from_users() {
        let user = |name: &str| Principal::User(name.to_owned());
        let group = |name: &str| Principal::Group(name.to_owned());
        let list = Principal::parse_list("root, @taskpull,1000,@100, EXAMPLE\\me").unwrap();
        assert_eq!(list, [user("root"), group("taskpull"), user("1000"), group("100"), user("EXAMPLE\\me")]);
        assert_eq!(Principal::parse_list(" "), Some(Vec::new()));
        for invalid in ["root,", "@", "@@wheel", "a b", "*"] {
            assert_eq!(Principal::parse_list(invalid), None, "{invalid}");
        }
    }

    proptest! {
        #[test]
        fn list_of_names_survives_joining_and_parsing(
            names in proptest::collection::vec(("[a-z0-9_.$-]{1,8}", any::<bool>()), 1..6),
        ) {
            let written: Vec<_> =
                names.iter().map(|(name, is_group)| format!("{}{name}", if *is_group { "@" } else { "" })).collect();
            let parsed = Principal::parse_list(&written.join(" , ")).unwrap();
            let expected = names.into_iter().map(|(name, is_group)| {
                if is_group { Principal::Group(name) } else { Principal::User(name) }
            });
            prop_assert_eq!(parsed, expected.collect::<Vec<_>>());
        }

        #[test]
        fn arbitrary_text_never_panics_the_parser(text: String) {
            let _ = Principal::parse_list(&text);
        }
    }
}
