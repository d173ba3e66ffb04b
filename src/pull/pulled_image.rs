//! The image that a pull leaves on the engine.

use crate::engine::LocalImage;
use crate::error::Failure;
use crate::task::{ImageReference, Platform};

/// An image that is available on the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulledImage {
    /// Digest of the manifest, equal in the registry and in the local image (F5, F6); `None` for a
    /// cached image that was never in a registry.
    pub digest: Option<String>,
    /// How the image came to be on the engine.
    pub kind: PullResultKind,
    /// The platform of the image, if the image states one.
    pub platform: Option<Platform>,
}

/// How an image came to be on the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullResultKind {
    /// The engine downloaded it.
    Fetched,
    /// It was on the engine, and the registry confirmed that it is current (F8).
    UpToDate,
    /// It was on the engine, and no pull was needed or possible.
    Cached {
        /// Whether the registry accepted the task's credential for it.
        verified: bool,
        /// The failure of the pull that the cached image replaces.
        pull_failure: Option<Box<Failure>>,
    },
}

impl PulledImage {
    /// The result of a pull that uses a cached image of `image`.
    pub(super) fn cached(local: &LocalImage, image: &ImageReference, kind: PullResultKind) -> Self {
        Self { digest: local.digest_for(image).map(str::to_owned), kind, platform: local.platform.clone() }
    }
}

impl PullResultKind {
    /// The name in traces and reports.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Fetched => "pulled",
            Self::UpToDate => "up-to-date",
            Self::Cached { .. } => "cached",
        }
    }
}
