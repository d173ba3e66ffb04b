//! The cache of secrets. The use of an entry depends on its age:
//!
//! - Until `max_age` it is used. From a random moment between 75 % and 95 % of that time, a lookup
//!   also requests a refresh in the background, so that no pull waits for a secret in regular use.
//! - For `max_stale` after that it is used only while AWS is unavailable. It is then stale.
//! - A denial, a deletion or any other answer without a value evicts it at once.
//! - If a registry refuses the value and AWS does not answer whether there is a newer one, the
//!   value is quarantined for the repository of the image: it is not sent there again until the
//!   secret has been read again.
//!
//! After the lifetime of an entry, only the time of its fetch remains, for error messages. This
//! module has no I/O; time and random numbers are arguments.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{
    cache_config::CacheConfig, cached_secret::CachedSecret, cached_secret::SecretCacheKey, lookup::Lookup,
    lookup::RefusalLookup, refresh::pause_after_outage, refresh::refresh_after,
};
use crate::error::{Failure, Printable};
use crate::task::ImageReference;

/// For this long after a fetch that found the same version, a refusal is final without another
/// fetch: a wrong password for a thousand images must not cause a thousand fetches.
const CONFIRMED_FOR: Duration = Duration::from_secs(5);

/// The last result for each key.
pub(super) struct SecretCache {
    config: CacheConfig,
    entries: HashMap<SecretCacheKey, Entry>,
}

struct Entry {
    fetched_at: Instant,
    refresh_at: Instant,
    /// The secret, until its lifetime ends.
    secret: Option<Arc<CachedSecret>>,
    quarantine: Option<Quarantine>,
    /// The repositories for which the value was quarantined, until this fetch found the same value.
    confirmed: HashSet<String>,
}

/// The repositories whose registry refused the value while AWS was unavailable.
struct Quarantine {
    /// Registry and repository, without a tag.
    repositories: HashSet<String>,
    outage: Arc<Failure>,
}

impl SecretCache {
    pub(super) fn new(config: CacheConfig) -> Self {
        Self { config, entries: HashMap::new() }
    }

    pub(super) fn lookup(&mut self, key: &SecretCacheKey, now: Instant) -> Lookup<Arc<CachedSecret>> {
        self.drop_expired(now);
        let Some(Entry { refresh_at, secret: Some(secret), quarantine, .. }) = self.entries.get(key) else {
            return Lookup::Miss;
        };
        if now < *refresh_at {
            Lookup::Fresh(Arc::clone(secret))
        } else if secret.age(now) < self.config.max_age && quarantine.is_none() {
            Lookup::RefreshDue(Arc::clone(secret))
        } else {
            Lookup::Miss
        }
    }

    /// The value under a key, unless it is past its expiry.
    pub(super) fn unexpired(&self, key: &SecretCacheKey, now: Instant) -> Option<&Arc<CachedSecret>> {
        let secret = self.entries.get(key)?.secret.as_ref();
        secret.filter(|secret| secret.age(now) < self.config.max_age)
    }

    /// Looks for an answer to the refusal, for this image, of a value that was sent at `sent_at`.
    pub(super) fn lookup_after_refusal(
        &self,
        key: &SecretCacheKey,
        image: &ImageReference,
        refused: &CachedSecret,
        sent_at: Instant,
        now: Instant,
    ) -> RefusalLookup<Arc<CachedSecret>> {
        let Some(Entry { secret: Some(secret), confirmed, .. }) = self.entries.get(key) else {
            return RefusalLookup::Unknown;
        };
        let is_recent = secret.age(now) < CONFIRMED_FOR;
        if secret.flight == refused.flight {
            let is_confirmed = is_recent && confirmed.contains(&image.name());
            return if is_confirmed { RefusalLookup::Confirmed } else { RefusalLookup::Unknown };
        }
        // Another caller has fetched the secret again since.
        if secret.flight < refused.flight {
            RefusalLookup::Unknown
        } else if !secret.is_same_version(refused) {
            RefusalLookup::Newer(Arc::clone(secret))
        } else if is_recent && secret.fetch_start.is_after(sent_at) {
            RefusalLookup::Confirmed
        } else {
            RefusalLookup::Unknown
        }
    }

    /// Stores the result of the latest fetch.
    pub(super) fn insert(&mut self, key: SecretCacheKey, secret: Arc<CachedSecret>, now: Instant, random: f64) {
        self.drop_expired(now);
        let refresh_at = secret.fetched_at + refresh_after(self.config.max_age, random);
        let confirmed = match self.entries.remove(&key) {
            Some(Entry { secret: Some(previous), quarantine: Some(quarantine), .. })
                if previous.is_same_version(&secret) =>
            {
                quarantine.repositories
            }
            _ => HashSet::new(),
        };
        let fetched_at = secret.fetched_at;
        self.entries.insert(key, Entry { fetched_at, refresh_at, secret: Some(secret), quarantine: None, confirmed });
        self.evict_oldest();
    }

    /// Records a failed fetch, and returns the failure for its callers. Only an outage leaves the
    /// entry in the cache.
    pub(super) fn record_failure(
        &mut self,
        key: &SecretCacheKey,
        mut failure: Failure,
        now: Instant,
        random: f64,
    ) -> Failure {
        self.drop_expired(now);
        if !failure.is_outage() {
            self.entries.remove(key);
            return failure;
        }
        let Some(entry) = self.entries.get_mut(key) else { return failure };
        let age = format_age(now.saturating_duration_since(entry.fetched_at));
        if entry.secret.is_some() {
            entry.refresh_at = now + pause_after_outage(random);
            tracing::warn!(error = %failure.message, %age, "AWS unavailable; the cached secret can still be used");
        } else {
            let message =
                format!("{}; the secret was last read {age} ago, and that value has expired", failure.message);
            failure.message = Printable::new(&message);
        }
        failure
    }

    /// The value that is used although a fetch failed.
    pub(super) fn stale_secret(
        &self,
        key: &SecretCacheKey,
        failure: Arc<Failure>,
    ) -> Result<Arc<CachedSecret>, Arc<Failure>> {
        let secret = self.entries.get(key).and_then(|entry| entry.secret.as_ref());
        secret.filter(|_| failure.is_outage()).map(Arc::clone).ok_or(failure)
    }

    /// Quarantines a value that a registry refused for this image, after the secret could not be
    /// read again. If the cache contains another version by now, that version is returned.
    pub(super) fn quarantine(
        &mut self,
        key: &SecretCacheKey,
        image: &ImageReference,
        refused: &CachedSecret,
        failure: Arc<Failure>,
        now: Instant,
    ) -> Result<Arc<CachedSecret>, Arc<Failure>> {
        let entry = self.entries.get_mut(key).filter(|_| failure.is_outage());
        let Some(Entry { secret: Some(secret), quarantine, .. }) = entry else { return Err(failure) };
        if !secret.is_same_version(refused) {
            return Ok(Arc::clone(secret));
        }
        let quarantine = quarantine.get_or_insert_with(|| Quarantine { repositories: HashSet::new(), outage: failure });
        quarantine.repositories.insert(image.name());
        Err(quarantine.failure(secret, image, now))
    }

    /// Why this value must not be sent for this image, if it is quarantined.
    pub(super) fn quarantine_reason(
        &self,
        key: &SecretCacheKey,
        image: &ImageReference,
        value: &CachedSecret,
        now: Instant,
    ) -> Option<Arc<Failure>> {
        let Entry { secret: Some(secret), quarantine: Some(quarantine), .. } = self.entries.get(key)? else {
            return None;
        };
        let is_quarantined = secret.is_same_version(value) && quarantine.repositories.contains(&image.name());
        is_quarantined.then(|| quarantine.failure(secret, image, now))
    }

    /// Evicts the secret under this key.
    pub(super) fn remove(&mut self, key: &SecretCacheKey) {
        self.entries.remove(key);
    }

    /// Drops the values whose lifetime has ended. The times of their fetches remain.
    fn drop_expired(&mut self, now: Instant) {
        let max_lifetime = self.config.max_lifetime();
        let is_expired = |entry: &&mut Entry| now.saturating_duration_since(entry.fetched_at) >= max_lifetime;
        for entry in self.entries.values_mut().filter(is_expired) {
            (entry.secret, entry.quarantine) = (None, None);
        }
    }

    /// Evicts the entries without a value first, then the one that was fetched first.
    fn evict_oldest(&mut self) {
        while self.entries.len() > self.config.capacity.get() {
            let flight = |entry: &Entry| entry.secret.as_ref().map(|secret| secret.flight);
            let oldest = self.entries.iter().min_by_key(|(_, entry)| flight(entry)).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.entries.remove(&oldest);
        }
    }
}

impl Quarantine {
    /// The failure of a pull from a repository that is in quarantine.
    fn failure(&self, secret: &CachedSecret, image: &ImageReference, now: Instant) -> Arc<Failure> {
        let (age, repository) = (format_age(secret.age(now)), image.name());
        let message = format!("{}; the value read {age} ago was refused for {repository}", self.outage.message);
        Arc::new(Failure { message: Printable::new(&message), ..(*self.outage).clone() })
    }
}

fn format_age(age: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(age.as_secs()))
}
