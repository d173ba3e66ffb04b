//! The error of a text that should be an image reference.

use super::slip::Slip;
use crate::error::Excerpt;

/// Why a text is not an image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageReferenceError {
    /// The text is empty or only white space.
    #[error("the image is empty")]
    Empty,
    /// The text is in the wrong form or in the wrong field.
    #[error(transparent)]
    Slip(#[from] Slip),
    /// The text begins with a scheme, such as `https://`.
    #[error("an image reference has no scheme, but this one begins with `{scheme}`")]
    Scheme {
        /// The scheme with its colon and slashes.
        scheme: Excerpt,
        /// The text behind the scheme.
        rest: Excerpt,
    },
    /// The text is the host of a registry, and names no repository in it.
    #[error("`{host}` is the host of a registry, and no repository follows it")]
    NoRepository {
        /// The host of the registry.
        host: Excerpt,
        /// The image that is meant, or its form.
        image: Excerpt,
    },
    /// The text is a digest alone.
    #[error("a digest alone names no image")]
    DigestAlone,
    /// The text is the id that an engine gives to an image.
    #[error("it is the id of an image on one engine, which no registry knows")]
    ImageId,
    /// A digest is in the place of the tag, or lacks its algorithm; the image with the digest in its place is given.
    #[error("its digest is not in the form `@sha256:…`")]
    MisplacedDigest(Excerpt),
    /// The text has the form `name::tag`, a mistake in the documents of some services.
    #[error("there are two colons before the tag")]
    DoubleColon,
    /// The part before the first slash is not the host and port of a registry.
    #[error("`{0}` is not a registry's host and port")]
    Registry(Excerpt),
    /// The repository has upper-case letters, which only a host and a tag may have.
    #[error("the repository `{0}` has upper-case letters")]
    UpperCase(Excerpt),
    /// A component of the repository's path does not follow the grammar.
    #[error("`{0}` is not a repository name")]
    Repository(Excerpt),
    /// Registry and repository together are too long; the length is given in characters.
    #[error("the name has {0} characters, the limit is 255")]
    Long(usize),
    /// The text after the colon is not a tag.
    #[error("`{0}` is not a tag")]
    Tag(Excerpt),
    /// The text after the `@` is not a digest.
    #[error("`{0}` is not a digest")]
    Digest(Excerpt),
}

impl ImageReferenceError {
    /// What to do about the error.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::Slip(slip) => return slip.hint(),
            Self::Scheme { rest, .. } => return format!("leave the scheme out: `{rest}`"),
            Self::NoRepository { image, .. } => {
                return format!("a slash and the repository follow the host: `{image}`");
            }
            Self::MisplacedDigest(image) => return format!("write `{image}`"),
            Self::Empty => "give the container an `image`",
            Self::DigestAlone => "write the image in front of the digest: `registry.example/team/app@sha256:…`",
            Self::ImageId => "write the name of the image in its registry: `registry.example/team/app:1.0`",
            Self::DoubleColon => "one colon separates the repository from the tag: `team/app:1.0`",
            Self::UpperCase(_) => "repository names are lower case",
            Self::Tag(_) => "a tag has 1 to 128 letters, digits, `_`, `.` and `-`, and does not begin with `.` or `-`",
            Self::Digest(_) => "a digest is `sha256:` and 64 hexadecimal digits; a tag follows a `:`, not an `@`",
            Self::Registry(_) | Self::Repository(_) | Self::Long(_) => {
                "an image is `[registry[:port]/]repository[:tag][@digest]`"
            }
        };
        hint.to_owned()
    }
}
