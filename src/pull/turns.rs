//! Whose turn it is: how many pulls there are at once, and that one tag is one image.
//!
//! A pull takes its registry's turn before everybody's, so that those who wait for a slow
//! registry hold nothing that others need.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};

use crate::plan::PlannedPull;
use crate::task::{ImageReference, Platform, Version};

/// How many pulls there are at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// Of all registries.
    pub all: NonZeroUsize,
    /// Of one registry.
    pub per_registry: NonZeroUsize,
}

/// The turns of one run.
pub(super) struct Turns {
    all: Semaphore,
    registries: HashMap<String, Semaphore>,
    /// What several pulls want, each with a login of its own or without any.
    shared: HashMap<(ImageReference, Option<Platform>), Arc<Tag>>,
}

/// A tag that several pulls want: what it is, once the first of them knows.
#[derive(Default)]
pub(super) struct Tag(Mutex<Option<String>>);

/// A pull may go on while this is held.
pub(super) struct Turn<'a> {
    _registry: Option<SemaphorePermit<'a>>,
    _all: Option<SemaphorePermit<'a>>,
}

impl Turns {
    pub(super) fn new(pulls: &[PlannedPull], limit: Concurrency) -> Self {
        let mut wanted: HashMap<_, usize> = HashMap::new();
        for PlannedPull { image, platform, .. } in pulls {
            *wanted.entry((image.clone(), platform.clone())).or_default() += 1;
        }
        let several = wanted.into_iter().filter(|(_, pulls)| *pulls > 1);
        let registry = |way: &PlannedPull| (way.image.registry().to_owned(), Semaphore::new(limit.per_registry.get()));
        Self {
            all: Semaphore::new(limit.all.get()),
            registries: pulls.iter().flat_map(PlannedPull::ways).map(registry).collect(),
            shared: several.map(|(key, _)| (key, Arc::default())).collect(),
        }
    }

    /// The tag of this pull, if other pulls want it too.
    pub(super) fn tag(&self, pull: &PlannedPull) -> Option<&Tag> {
        self.shared(pull).filter(|_| matches!(pull.image.version(), Version::Tag(_)))
    }

    /// Whether other pulls want this very image with other logins.
    pub(super) fn is_shared(&self, pull: &PlannedPull) -> bool {
        self.shared(pull).is_some()
    }

    fn shared(&self, pull: &PlannedPull) -> Option<&Tag> {
        self.shared.get(&(pull.image.clone(), pull.platform.clone())).map(|tag| &**tag)
    }

    /// Waits for a turn. The semaphores are never closed; were they, going on would be right.
    pub(super) async fn next(&self, image: &ImageReference) -> Turn<'_> {
        let registry = match self.registries.get(image.registry()) {
            Some(registry) => registry.acquire().await.ok(),
            None => None,
        };
        Turn { _registry: registry, _all: self.all.acquire().await.ok() }
    }
}

impl Tag {
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
