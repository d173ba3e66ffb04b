//! The part of an image reference that selects a version within the repository.

/// The tag or digest of an image reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImageVersion {
    /// A tag, which can be moved to a different image.
    Tag(String),
    /// A digest, which always names the same image. A tag in front of it has no effect and is
    /// dropped.
    Digest(String),
}

impl ImageVersion {
    /// The text of the tag or digest.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Tag(text) | Self::Digest(text) => text,
        }
    }
}
