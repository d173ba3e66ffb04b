//! Resolves each tag to one digest per run, whichever pull needs it.
//!
//! Two pulls of one tag with different credentials could otherwise get different images, if the
//! tag moves between them.

use std::collections::HashMap;

use tokio::sync::{Mutex, MutexGuard};

use super::image_key::ImageKey;
use crate::plan::PlannedPull;
use crate::task::ImageVersion;

/// The images that several pulls of a run need, each with another credential.
pub(super) struct TagResolutions(HashMap<ImageKey, Mutex<Option<String>>>);

/// What a pull knows about the digest of its tag.
pub(super) enum TagResolution<'a> {
    /// No other pull of the run needs the tag, or the image is named by digest.
    NotShared,
    /// Another pull resolved the tag to this digest.
    Resolved(String),
    /// This pull resolves the tag; the others wait until the guard is dropped.
    Resolving(MutexGuard<'a, Option<String>>),
}

impl TagResolutions {
    pub(super) fn new(pulls: &[PlannedPull]) -> Self {
        let mut counts: HashMap<_, usize> = HashMap::new();
        for pull in pulls {
            *counts.entry(ImageKey::new(&pull.image, pull.platform.as_ref())).or_default() += 1;
        }
        let shared = counts.into_iter().filter(|(_, pulls)| *pulls > 1);
        Self(shared.map(|(key, _)| (key, Mutex::default())).collect())
    }

    /// Waits while another pull resolves the tag of this pull.
    pub(super) async fn resolve(&self, pull: &PlannedPull) -> TagResolution<'_> {
        let (ImageVersion::Tag(_), Some(digest)) =
            (pull.image.version(), self.0.get(&ImageKey::new(&pull.image, pull.platform.as_ref())))
        else {
            return TagResolution::NotShared;
        };
        let digest = digest.lock().await;
        match &*digest {
            Some(digest) => TagResolution::Resolved(digest.clone()),
            None => TagResolution::Resolving(digest),
        }
    }

    /// Whether other pulls need the same image with other credentials.
    pub(super) fn is_shared(&self, pull: &PlannedPull) -> bool {
        self.0.contains_key(&ImageKey::new(&pull.image, pull.platform.as_ref()))
    }
}

impl TagResolution<'_> {
    /// The digest that another pull resolved the tag to.
    pub(super) fn digest(&self) -> Option<&str> {
        match self {
            Self::Resolved(digest) => Some(digest),
            Self::NotShared | Self::Resolving(_) => None,
        }
    }

    /// Gives the other pulls of the tag the digest of the image that was pulled.
    pub(super) fn publish(self, pulled: Option<&str>) {
        if let (Self::Resolving(mut digest), Some(pulled)) = (self, pulled) {
            *digest = Some(pulled.to_owned());
        }
    }
}
