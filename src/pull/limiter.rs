//! What all pulls of the process share, over however many runs: permits, the time of the last
//! progress, and disk reservations.
//!
//! A pull acquires the permit of its image before that of its registry, and that before the
//! global one, so that a waiting pull holds no permit that another pull could use.

use std::num::NonZeroUsize;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::disk::DiskReservations;
use super::image_key::ImageKey;
use super::last_activity::LastActivity;
use super::limits::Concurrency;
use crate::sync::KeyedSemaphore;
use crate::task::{ImageReference, Platform};

/// Limits the concurrent pulls of the process.
#[derive(Debug)]
pub struct PullLimiter {
    all: Semaphore,
    registries: KeyedSemaphore<String>,
    /// Used only where several runs may pull the same image: the second pull waits, finds the
    /// layers of the first, and still asks the registry with its own credential.
    images: Option<KeyedSemaphore<ImageKey>>,
    pub(super) last_activity: LastActivity,
    pub(super) reservations: DiskReservations,
}

/// The permits of one pull; dropping it releases them.
pub(super) struct PullPermit<'a> {
    _image: Option<OwnedSemaphorePermit>,
    _registry: Option<OwnedSemaphorePermit>,
    _all: Option<SemaphorePermit<'a>>,
}

impl PullLimiter {
    /// A limiter for a process that makes one run, such as `taskpull pull`.
    #[must_use]
    pub fn for_one_run(limit: Concurrency) -> Self {
        Self {
            all: Semaphore::new(limit.all.get()),
            registries: KeyedSemaphore::new(limit.per_registry),
            images: None,
            last_activity: LastActivity::new(),
            reservations: DiskReservations::default(),
        }
    }

    /// A limiter for a process that makes several runs concurrently, such as the agent.
    #[must_use]
    pub fn for_many_runs(limit: Concurrency) -> Self {
        Self { images: Some(KeyedSemaphore::new(NonZeroUsize::MIN)), ..Self::for_one_run(limit) }
    }

    /// Waits until the image may be pulled.
    pub(super) async fn acquire(&self, image: &ImageReference, platform: Option<&Platform>) -> PullPermit<'_> {
        let image_permit = match &self.images {
            Some(images) => images.acquire(ImageKey::new(image, platform)).await,
            None => None,
        };
        let registry_permit = self.registries.acquire(image.registry().to_owned()).await;
        // The semaphore is never closed; if it were, the pull would run without a permit.
        PullPermit { _image: image_permit, _registry: registry_permit, _all: self.all.acquire().await.ok() }
    }
}
