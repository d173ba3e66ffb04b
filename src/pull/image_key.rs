//! The key of an image that several pulls may share.

use crate::task::{ImageReference, Platform};

/// An image for a platform; without one, for the engine's own.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ImageKey {
    image: ImageReference,
    platform: Option<Platform>,
}

impl ImageKey {
    pub(super) fn new(image: &ImageReference, platform: Option<&Platform>) -> Self {
        Self { image: image.clone(), platform: platform.cloned() }
    }
}
