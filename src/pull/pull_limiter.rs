//! What all pulls of this process have in common, of however many runs: whose turn it is, when
//! anything last moved, which room on the disk is spoken for.
//!
//! A pull takes its image's turn before its registry's, and that before everybody's, so that
//! those who wait hold nothing that others need.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::disk::DiskReservations;
use super::last_activity::LastActivity;
use crate::task::{ImageReference, Platform};

/// How many pulls there are at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// Of all registries.
    pub all: NonZeroUsize,
    /// Of one registry.
    pub per_registry: NonZeroUsize,
}

/// The traffic between the registries and the engine.
#[derive(Debug)]
pub struct PullLimiter {
    all: Semaphore,
    registries: KeyedSemaphore<String>,
    /// One pull of an image at a time, where several runs may want it at once: who comes
    /// second finds its layers there, and asks the registry for himself all the same.
    images: Option<KeyedSemaphore<(ImageReference, Option<Platform>)>>,
    pub(super) movement: LastActivity,
    pub(super) under_way: DiskReservations,
}

/// A pull may go on while this is held.
pub(super) struct PullPermit<'a> {
    _image: Option<OwnedSemaphorePermit>,
    _registry: Option<OwnedSemaphorePermit>,
    _all: Option<SemaphorePermit<'a>>,
}

impl PullLimiter {
    /// Of a process that does one run and ends.
    #[must_use]
    pub fn of_one_run(limit: Concurrency) -> Self {
        Self {
            all: Semaphore::new(limit.all.get()),
            registries: KeyedSemaphore::new(limit.per_registry),
            images: None,
            movement: LastActivity::new(),
            under_way: DiskReservations::default(),
        }
    }

    /// Of a process that does many runs, several at a time.
    #[must_use]
    pub fn of_many_runs(limit: Concurrency) -> Self {
        Self { images: Some(KeyedSemaphore::new(NonZeroUsize::MIN)), ..Self::of_one_run(limit) }
    }

    /// Waits for a turn.
    pub(super) async fn acquire(&self, image: &ImageReference, platform: Option<&Platform>) -> PullPermit<'_> {
        let own = match &self.images {
            Some(images) => images.next((image.clone(), platform.cloned())).await,
            None => None,
        };
        let registry = self.registries.next(image.registry().to_owned()).await;
        // Never closed; were it, going on would be right.
        PullPermit { _image: own, _registry: registry, _all: self.all.acquire().await.ok() }
    }
}

/// Queues by name, each there while somebody is in it.
#[derive(Debug)]
struct KeyedSemaphore<K> {
    at_once: NonZeroUsize,
    queues: Mutex<HashMap<K, Weak<Semaphore>>>,
}

impl<K: Eq + std::hash::Hash> KeyedSemaphore<K> {
    fn new(at_once: NonZeroUsize) -> Self {
        Self { at_once, queues: Mutex::default() }
    }

    async fn next(&self, name: K) -> Option<OwnedSemaphorePermit> {
        // Never closed; were it, going on would be right.
        self.queue(name).acquire_owned().await.ok()
    }

    fn queue(&self, name: K) -> Arc<Semaphore> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&name).and_then(Weak::upgrade) {
            return queue;
        }
        // Those that everybody has left go when there would be room for no new one.
        if queues.len() == queues.capacity() {
            queues.retain(|_, queue| queue.strong_count() > 0);
        }
        let queue = Arc::new(Semaphore::new(self.at_once.get()));
        queues.insert(name, Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::KeyedSemaphore;

    #[tokio::test]
    async fn a_queue_that_everybody_has_left_is_forgotten() {
        let queues = KeyedSemaphore::new(NonZeroUsize::MIN);
        for name in 0..1_000 {
            let first = queues.next(name).await;
            let second = queues.queue(name).try_acquire_owned();
            assert!(first.is_some() && second.is_err());
        }
        assert!(queues.queues.lock().unwrap().len() < 100);
    }
}
