//! The keys that taskpull reads, each with its place.

use super::resemblance::resembles;

/// A key of a task definition.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::task) struct KnownKey {
    /// The key as ECS spells it.
    pub name: &'static str,
    /// Where the key belongs, as the end of a sentence.
    pub place: &'static str,
}

/// The keys, apart from `taskDefinition`, which `taskDefinitionArn` resembles.
pub(super) const KNOWN_KEYS: [KnownKey; 10] = [
    KnownKey { name: "family", place: "at the top of the task definition" },
    KnownKey { name: "executionRoleArn", place: "at the top of the task definition" },
    KnownKey { name: "runtimePlatform", place: "at the top of the task definition" },
    KnownKey { name: "containerDefinitions", place: "at the top of the task definition" },
    KnownKey { name: "name", place: "in the container" },
    KnownKey { name: "image", place: "in the container" },
    KnownKey { name: "repositoryCredentials", place: "in the container, beside `image`" },
    KnownKey { name: "credentialsParameter", place: "in `repositoryCredentials`" },
    KnownKey { name: "cpuArchitecture", place: "in `runtimePlatform`" },
    KnownKey { name: "operatingSystemFamily", place: "in `runtimePlatform`" },
];

impl KnownKey {
    /// The key that `key` is meant as, in an object that may have the keys `here`. Where there is only
    /// one, any other key is taken for it. The short names occur in many other objects, so they are
    /// found only where they belong.
    pub(super) fn meant_by(key: &str, here: &[&str]) -> Option<&'static Self> {
        let is_meant = |known: &&Self| {
            let is_here = here.contains(&known.name);
            (is_here && (here.len() == 1 || resembles(key, known.name)))
                || (!is_here && known.is_long() && (key == known.name || resembles(key, known.name)))
        };
        let mut meant = KNOWN_KEYS.iter().filter(is_meant);
        meant.clone().find(|known| here.contains(&known.name)).or_else(|| meant.next())
    }

    /// Whether the key says where a login is.
    pub(in crate::task) fn is_credentials(&self) -> bool {
        matches!(self.name, "repositoryCredentials" | "credentialsParameter")
    }

    /// The key of credentials that `key` is, or is meant as.
    pub(super) fn credentials_meant_by(key: &str) -> Option<&'static Self> {
        Self::meant_by(key, &[]).filter(|known| known.is_credentials())
    }

    fn is_long(&self) -> bool {
        self.name.len() > "family".len()
    }
}
