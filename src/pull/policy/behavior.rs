//! The image pull behaviors of ECS (`ECS_IMAGE_PULL_BEHAVIOR`).

/// When a cached image may be used instead of a pull.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behavior {
    /// The image is pulled; a cached image is used if the registry is unavailable.
    #[default]
    Default,
    /// The image is pulled; a cached image is never used.
    Always,
    /// A cached image that came from a registry is used; otherwise the image is pulled.
    Once,
    /// Any cached image is used; otherwise the image is pulled.
    PreferCached,
}

impl Behavior {
    /// The behaviors under the names that ECS gives them.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("default", Self::Default),
        ("always", Self::Always),
        ("once", Self::Once),
        ("prefer-cached", Self::PreferCached),
    ];

    /// Parses ECS's name of a behavior.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, behavior)| *behavior)
    }
}
