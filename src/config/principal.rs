//! Whom a setting names: users and groups of this host.

/// A user or a group, by name or number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A user.
    User(String),
    /// A group, written with `@` before it.
    Group(String),
}

impl Principal {
    /// Reads a list of them with commas between; an empty one names nobody.
    #[must_use]
    pub fn parse_list(text: &str) -> Option<Vec<Self>> {
        if text.trim().is_empty() {
            return Some(Vec::new());
        }
        text.split(',').map(|one| Self::parse(one.trim())).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, is_group) = text.strip_prefix('@').map_or((text, false), |name| (name, true));
        // What useradd takes, and what directories have: names with dots, at signs, backslashes.
        let is_name = |c: char| c.is_alphanumeric() || "_-.@\\$".contains(c);
        let is_one = !name.is_empty() && name.chars().all(is_name) && !name.starts_with('@');
        is_one.then(|| if is_group { Self::Group(name.to_owned()) } else { Self::User(name.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::Principal;

    #[test]
    fn users_and_groups_are_told_apart() {
        let (user, group) =
            (|name: &str| Principal::User(name.to_owned()), |name: &str| Principal::Group(name.to_owned()));
        let list = Principal::parse_list("root, @taskpull,1000,@100, EXAMPLE\\me").unwrap();
        assert_eq!(list, [user("root"), group("taskpull"), user("1000"), group("100"), user("EXAMPLE\\me")]);
        assert_eq!(Principal::parse_list(" "), Some(Vec::new()));
        for wrong in ["root,", "@", "@@wheel", "a b", "*"] {
            assert_eq!(Principal::parse_list(wrong), None, "{wrong}");
        }
    }
}
