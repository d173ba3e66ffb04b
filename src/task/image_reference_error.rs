//! The error of a text that should be an image reference.

/// Why a text is not an image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageReferenceError {
    /// The text is empty or only white space.
    #[error("the image is empty")]
    Empty,
    /// The text begins with a scheme, such as `https://`.
    #[error("an image reference has no scheme, but this one begins with `{0}`")]
    Scheme(String),
    /// The text has the form `name::tag`, a mistake in the documents of some services.
    #[error("there are two colons before the tag")]
    DoubleColon,
    /// The part before the first slash is not the host and port of a registry.
    #[error("`{0}` is not a registry's host and port")]
    Registry(String),
    /// The repository has upper-case letters, which only a host and a tag may have.
    #[error("the repository `{0}` has upper-case letters")]
    UpperCase(String),
    /// A component of the repository's path does not follow the grammar.
    #[error("`{0}` is not a repository name")]
    Repository(String),
    /// Registry and repository together are too long; the length is given in characters.
    #[error("the name has {0} characters, the limit is 255")]
    Long(usize),
    /// The text after the colon is not a tag.
    #[error("`{0}` is not a tag")]
    Tag(String),
    /// The text after the `@` is not a digest.
    #[error("`{0}` is not a digest")]
    Digest(String),
}

impl ImageReferenceError {
    /// What to do about the error.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Empty => "give the container an `image`",
            Self::Scheme(_) => "leave the scheme out: `registry.example/team/app:1.0`",
            Self::DoubleColon => "one colon separates the repository from the tag: `team/app:1.0`",
            Self::UpperCase(_) => "repository names are lower case",
            Self::Tag(_) => "a tag has 1 to 128 letters, digits, `_`, `.` and `-`, and does not begin with `.` or `-`",
            Self::Digest(_) => "a digest is `sha256:` and 64 hexadecimal digits",
            Self::Registry(_) | Self::Repository(_) | Self::Long(_) => {
                "an image is `[registry[:port]/]repository[:tag][@digest]`"
            }
        }
    }
}
