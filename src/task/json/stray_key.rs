//! A key that is meant as another one: it is misspelled, or in the wrong place.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::known_keys::KnownKey;
use super::resemblance::LONGEST_KEY;
use crate::error::{InputKind, InputText, Printable};

/// A key that taskpull does not read, but that is meant as one that it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrayKey {
    /// The key as written, unless it is far longer than any key of ECS.
    key: String,
    /// The key of the object around it, if that is not one that taskpull reads either.
    within: Option<String>,
    meant: &'static KnownKey,
}

impl StrayKey {
    pub(super) fn new(key: &str, within: Option<&str>, meant: &'static KnownKey) -> Self {
        let name = |key: &str| if key.len() > LONGEST_KEY { "another key".to_owned() } else { key.to_owned() };
        Self { key: name(key), within: within.map(name), meant }
    }

    /// The key that was meant.
    pub(in crate::task) fn meant(&self) -> &'static KnownKey {
        self.meant
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        if self.meant.is_credentials() {
            "write `\"repositoryCredentials\": {\"credentialsParameter\": \"ARN\"}` beside `image`, with the ARN of the secret; as it is, the image would be pulled without the login".to_owned()
        } else {
            format!("write `{}` {}", self.meant.name, self.meant.place)
        }
    }
}

impl fmt::Display for StrayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", shown(&self.key))?;
        if let Some(within) = &self.within {
            write!(f, " in `{}`", shown(within))?;
        }
        let KnownKey { name, place } = self.meant;
        if self.key == *name {
            write!(f, " has no effect there: it belongs {place}")
        } else {
            write!(f, " is not a key of ECS: the key is `{name}`, {place}")
        }
    }
}

/// A key as a message shows it. A text that is no name may be a login in the wrong place.
fn shown(key: &str) -> Printable {
    let is_name = key.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ' '));
    if is_name { InputText::new(InputKind::Label, key).whole().into() } else { Printable::new("[withheld]") }
}

/// A stray key survives in a definition that is reduced to the keys in use, because it is reported there
/// too. Its value does not.
pub(super) struct StrayKeys<'a>(pub &'a [StrayKey]);

impl Serialize for StrayKeys<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for StrayKey { key, within, .. } in self.0 {
            match within {
                Some(within) => map.serialize_entry(within, &std::collections::BTreeMap::from([(key, ())]))?,
                None => map.serialize_entry(key, &())?,
            }
        }
        map.end()
    }
}
