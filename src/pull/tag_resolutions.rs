//! That one tag is one image in a run, whoever wants it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::plan::PlannedPull;
use crate::task::{ImageReference, ImageVersion, Platform};

/// What several pulls of one run want, each with a login of its own or without any.
pub(super) struct TagResolutions(HashMap<(ImageReference, Option<Platform>), Arc<TagResolution>>);

/// A tag that several pulls want: what it is, once the first of them knows.
#[derive(Default)]
pub(super) struct TagResolution(Mutex<Option<String>>);

impl TagResolutions {
    pub(super) fn new(pulls: &[PlannedPull]) -> Self {
        let mut wanted: HashMap<_, usize> = HashMap::new();
        for PlannedPull { image, platform, .. } in pulls {
            *wanted.entry((image.clone(), platform.clone())).or_default() += 1;
        }
        let several = wanted.into_iter().filter(|(_, pulls)| *pulls > 1);
        Self(several.map(|(key, _)| (key, Arc::default())).collect())
    }

    /// The tag of this pull, if other pulls want it too.
    pub(super) fn tag(&self, pull: &PlannedPull) -> Option<&TagResolution> {
        self.shared(pull).filter(|_| matches!(pull.image.version(), ImageVersion::Tag(_)))
    }

    /// Whether other pulls want this very image with other logins.
    pub(super) fn is_shared(&self, pull: &PlannedPull) -> bool {
        self.shared(pull).is_some()
    }

    fn shared(&self, pull: &PlannedPull) -> Option<&TagResolution> {
        self.0.get(&(pull.image.clone(), pull.platform.clone())).map(|tag| &**tag)
    }
}

impl TagResolution {
    /// The digest that the tag stands for in this run; for the first to come a place to put it.
    /// Whoever comes meanwhile waits.
    pub(super) async fn digest(&self) -> Result<String, MutexGuard<'_, Option<String>>> {
        let known = self.0.lock().await;
        match &*known {
            Some(digest) => Ok(digest.clone()),
            None => Err(known),
        }
    }
}
