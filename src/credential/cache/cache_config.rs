//! The settings of the caches.

use std::num::NonZeroUsize;
use std::time::Duration;

/// The lifetime of secrets in the cache, and the capacity of the caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheConfig {
    /// A secret younger than this is used, whether AWS is available or not (`secrets.max_age`).
    pub max_age: Duration,
    /// For this long after `max_age`, a secret is used only while AWS is unavailable
    /// (`secrets.max_stale`).
    pub max_stale: Duration,
    /// The maximum number of cached secrets, and of cached tokens. The oldest is evicted first.
    pub capacity: NonZeroUsize,
}

impl CacheConfig {
    /// The age at which a secret must not be used any more.
    pub(super) fn max_lifetime(&self) -> Duration {
        self.max_age.saturating_add(self.max_stale)
    }

    /// The age of a secret, if it is stale.
    pub(super) fn stale_age(&self, age: Duration) -> Option<Duration> {
        (age >= self.max_age).then_some(age)
    }
}
