//! All that is wrong with the two keys of a login, and what the object has in their place.

use std::fmt;

use super::key_fault::KeyFault;

/// The faults of the two keys of a login, and the names of other keys that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginKeyFaults {
    /// One or two faults, first that of the user name.
    pub(super) faults: Vec<KeyFault>,
    /// For each missing key, the key that was probably used in its place.
    pub(super) similar: Vec<SimilarKey>,
    /// The other keys that may be shown, in backticks.
    pub(super) others: Vec<String>,
    /// The number of other keys that may not be shown.
    pub(super) hidden: usize,
}

/// A key that was probably used in place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SimilarKey {
    /// The key in backticks.
    pub found: String,
    pub expected: &'static str,
}

impl LoginKeyFaults {
    /// What to rename, such as "rename `user` to `username`"; `None` if no key resembles a missing one.
    pub(super) fn renaming(&self) -> Option<String> {
        let pairs: Vec<_> =
            self.similar.iter().map(|SimilarKey { found, expected }| format!("{found} to `{expected}`")).collect();
        (!pairs.is_empty()).then(|| format!("rename {}", pairs.join(" and ")))
    }

    pub(super) fn has_wrong_type(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault, KeyFault::NotAString(_)))
    }

    pub(super) fn has_duplicate(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault, KeyFault::Duplicate(_)))
    }

    /// What the object has in place of a missing key.
    fn found(&self) -> String {
        let similar: Vec<_> = self.similar.iter().map(|similar| similar.found.as_str()).collect();
        match &similar[..] {
            [] => {}
            [key] => return format!("; {key} is not read in its place"),
            keys => return format!("; {} are not read in their place", keys.join(" and ")),
        }
        let hidden = match self.hidden {
            0 => None,
            1 => Some("one key that is not shown here".to_owned()),
            count => Some(format!("{count} keys that are not shown here")),
        };
        let others: Vec<_> = self.others.iter().cloned().chain(hidden).collect();
        if others.is_empty() { String::new() } else { format!("; it has {}", others.join(", ")) }
    }
}

impl fmt::Display for LoginKeyFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [KeyFault::Missing(first), KeyFault::Missing(second)] = &self.faults[..] {
            write!(f, "`{first}` and `{second}` are missing")?;
        } else {
            let texts: Vec<_> = self.faults.iter().map(ToString::to_string).collect();
            f.write_str(&texts.join(", and "))?;
        }
        let has_missing = self.faults.iter().any(|fault| matches!(fault, KeyFault::Missing(_)));
        if has_missing { f.write_str(&self.found()) } else { Ok(()) }
    }
}
