//! The request to pull an image.

use crate::task::{ImageReference, Platform};

/// An image to pull, for a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// The image under the name by which the engine pulls it.
    pub image: ImageReference,
    /// The platform to pull; without one, the engine pulls for its own.
    pub platform: Option<Platform>,
    /// The name in the task definition, if `image` comes through a pull-through cache rule and the
    /// upstream registry is still a fallback. The pulled image gets this name too.
    pub upstream_image: Option<ImageReference>,
}
