//! A limit on concurrent operations, separate for each key.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Mutex;

/// One semaphore for each key. A semaphore exists only while a caller holds or awaits one of its
/// permits, so keys that are no longer in use cost no memory.
#[derive(Debug)]
pub struct KeyedSemaphore<K> {
    permits: NonZeroUsize,
    semaphores: Mutex<HashMap<K, Weak<Semaphore>>>,
}

impl<K: Eq + Hash> KeyedSemaphore<K> {
    /// Allows `permits` concurrent operations for each key.
    #[must_use]
    pub fn new(permits: NonZeroUsize) -> Self {
        Self { permits, semaphores: Mutex::default() }
    }

    /// Waits for a permit of this key. The operation may run while the caller holds it.
    ///
    /// Returns `None` only if the semaphore was closed, which never happens; the operation may then
    /// run without a permit.
    pub async fn acquire(&self, key: K) -> Option<OwnedSemaphorePermit> {
        self.semaphore(key).acquire_owned().await.ok()
    }

    fn semaphore(&self, key: K) -> Arc<Semaphore> {
        let mut semaphores = self.semaphores.lock();
        if let Some(semaphore) = semaphores.get(&key).and_then(Weak::upgrade) {
            return semaphore;
        }
        // Unused semaphores are removed only when the map would have to grow, so that adding a
        // key stays cheap on average.
        if semaphores.len() == semaphores.capacity() {
            semaphores.retain(|_, semaphore| semaphore.strong_count() > 0);
        }
        let semaphore = Arc::new(Semaphore::new(self.permits.get()));
        semaphores.insert(key, Arc::downgrade(&semaphore));
        semaphore
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::KeyedSemaphore;

    #[tokio::test]
    async fn unused_semaphores_are_removed() {
        let semaphores = KeyedSemaphore::new(NonZeroUsize::MIN);
        for key in 0..1_000 {
            let first = semaphores.acquire(key).await;
            let second = semaphores.semaphore(key).try_acquire_owned();
            assert!(first.is_some() && second.is_err());
        }
        assert!(semaphores.semaphores.lock().len() < 100);
    }

    #[tokio::test(start_paused = true)]
    async fn one_key_does_not_wait_for_another() {
        let semaphores = KeyedSemaphore::new(NonZeroUsize::MIN);
        let held = semaphores.acquire("one").await;
        let minute = Duration::from_mins(1);
        assert!(timeout(minute, semaphores.acquire("two")).await.is_ok());
        assert!(timeout(minute, semaphores.acquire("one")).await.is_err(), "its only permit is taken");
        drop(held);
        assert!(timeout(minute, semaphores.acquire("one")).await.is_ok());
    }
}
