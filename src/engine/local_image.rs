//! An image that the engine stores.

use crate::task::{ImageReference, ImageVersion, Platform};

/// An image that the engine stores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalImage {
    /// The image's id, `sha256:…`.
    pub id: String,
    /// The digests under which the image's repository knows it (`RepoDigests`). Empty for an image
    /// that was built or loaded on this host. Where a pull reports no digest, the first is the
    /// tag's.
    pub digests: Vec<String>,
    /// The platform that the image was built for, if the image states it.
    pub platform: Option<Platform>,
}

impl LocalImage {
    /// The digest of this image in the repository of `image`.
    pub(crate) fn digest_for<'a>(&'a self, image: &'a ImageReference) -> Option<&'a str> {
        match image.version() {
            ImageVersion::Digest(digest) => Some(digest),
            ImageVersion::Tag(_) => self.digests.first().map(String::as_str),
        }
    }

    /// Whether the image runs on this platform. An image that states no platform may run on any.
    pub(crate) fn is_for(&self, platform: Option<&Platform>) -> bool {
        match (platform, &self.platform) {
            (Some(requested), Some(actual)) => requested.is_satisfied_by(actual),
            _ => true,
        }
    }
}
