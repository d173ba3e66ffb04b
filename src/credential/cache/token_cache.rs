//! The cache of ECR's authorization tokens. Each token has its own expiry:
//!
//! - From a random moment between 75 % and 95 % of its lifetime, a lookup also requests a refresh
//!   in the background (D3).
//! - While AWS is unavailable a token is used until it expires, and never after that.
//! - A token that has expired when it arrives goes to the callers of that fetch only.
//! - ECR Public can be used without a token. The failure to get a token is cached for a minute, so
//!   that not every pull waits for the deadline during an outage.
//! - After a refusal by a registry a token is fetched again, once: if that one is refused too, the
//!   token is not the cause.
//!
//! This module has no I/O; time and random numbers are arguments.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{lookup::Lookup, lookup::RefusalLookup, refresh::pause_after_outage, refresh::refresh_after};
use crate::aws::{RegistryToken, TokenScope};
use crate::error::Failure;
use crate::identity::Identity;
use crate::sync::FlightId;

/// The lifetime of a token without an expiry: a fraction of the 12 hours that tokens last (D3).
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

/// The longest lifetime that is accepted. Tokens last 12 hours (D3); an expiry that is centuries
/// away cannot be added to the clock.
const MAX_LIFETIME: Duration = Duration::from_hours(365 * 24);

/// For this long a refusal of a token that was fetched after a refusal is final: a permission that
/// is missing for a thousand images must not cause a thousand fetches (N2).
const CONFIRMED_FOR: Duration = Duration::from_mins(1);

/// For this long, no token for ECR Public is requested again after a failure.
const FAILURE_CACHED_FOR: Duration = Duration::from_mins(1);

/// The last result for each key.
pub(super) struct TokenCache {
    capacity: NonZeroUsize,
    entries: HashMap<TokenCacheKey, Entry>,
    /// The failures to get a token for ECR Public.
    failures: HashMap<TokenCacheKey, CachedFailure>,
}

/// The last token of a key. An expired one stays for a while, to be compared after a refusal.
struct Entry {
    token: Arc<CachedToken>,
    refresh_at: Instant,
}

struct CachedFailure {
    failed_at: Instant,
    failure: Arc<Failure>,
}

impl CachedFailure {
    fn is_recent(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.failed_at) < FAILURE_CACHED_FOR
    }
}

impl TokenCache {
    pub(super) fn new(capacity: NonZeroUsize) -> Self {
        Self { capacity, entries: HashMap::new(), failures: HashMap::new() }
    }

    pub(super) fn lookup(&self, key: &TokenCacheKey, now: Instant) -> Lookup<Arc<CachedToken>> {
        match self.entries.get(key) {
            Some(Entry { token, refresh_at }) if now < token.expires_at => {
                let token = Arc::clone(token);
                if now < *refresh_at { Lookup::Fresh(token) } else { Lookup::RefreshDue(token) }
            }
            _ => Lookup::Miss,
        }
    }

    /// The failure that a lookup of ECR Public's token returns without asking AWS.
    pub(super) fn recent_failure(&self, key: &TokenCacheKey, now: Instant) -> Option<Arc<Failure>> {
        let failure = self.failures.get(key).filter(|failure| failure.is_recent(now))?;
        Some(Arc::clone(&failure.failure))
    }

    /// Looks for an answer to the refusal of a token by a registry.
    pub(super) fn lookup_after_refusal(
        &self,
        key: &TokenCacheKey,
        refused: &CachedToken,
        now: Instant,
    ) -> RefusalLookup<Arc<CachedToken>> {
        let newer = self.entries.get(key).filter(|entry| entry.token.flight > refused.flight);
        match newer {
            Some(entry) => RefusalLookup::Newer(Arc::clone(&entry.token)),
            None if refused.after_refusal && refused.age(now) < CONFIRMED_FOR => RefusalLookup::Confirmed,
            None => RefusalLookup::Unknown,
        }
    }

    pub(super) fn insert(&mut self, key: TokenCacheKey, token: Arc<CachedToken>, now: Instant, random: f64) {
        let lifetime = token.expires_at.saturating_duration_since(now);
        self.failures.remove(&key);
        self.entries.insert(key, Entry { token, refresh_at: now + refresh_after(lifetime, random) });
        let is_useful = |token: &CachedToken| now < token.expires_at || token.age(now) < CONFIRMED_FOR;
        self.entries.retain(|_, entry| is_useful(&entry.token));
        while self.entries.len() > self.capacity.get() {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.token.flight).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.entries.remove(&oldest);
        }
    }

    /// Records a failed fetch. Only an outage leaves the entry in the cache.
    pub(super) fn record_failure(&mut self, key: &TokenCacheKey, failure: &Arc<Failure>, now: Instant, random: f64) {
        if !failure.is_outage() {
            self.entries.remove(key);
        } else if let Some(entry) = self.entries.get_mut(key).filter(|entry| now < entry.token.expires_at) {
            entry.refresh_at = now + pause_after_outage(random);
            tracing::warn!(error = %failure.message, "ECR unavailable; using the cached token until it expires");
        }
        self.failures.retain(|_, failure| failure.is_recent(now));
        if key.scope == TokenScope::EcrPublic {
            self.failures.insert(key.clone(), CachedFailure { failed_at: now, failure: Arc::clone(failure) });
        }
    }
}

/// How long a token can be used from now on.
pub(super) fn token_lifetime(expires: Option<SystemTime>, now: SystemTime) -> Duration {
    expires.map_or(DEFAULT_LIFETIME, |end| end.duration_since(now).unwrap_or_default().min(MAX_LIFETIME))
}

/// The key of a token in the cache: two identities never share an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct TokenCacheKey {
    pub(super) identity: Identity,
    pub(super) scope: TokenScope,
}

/// An ECR token in the cache.
#[derive(Debug)]
pub(in crate::credential) struct CachedToken {
    pub(in crate::credential) token: RegistryToken,
    pub(super) flight: FlightId,
    /// Whether it was fetched because a registry had refused the token before it.
    pub(super) after_refusal: bool,
    pub(super) fetched_at: Instant,
    pub(super) expires_at: Instant,
}

impl CachedToken {
    #[expect(clippy::disallowed_methods, reason = "two tokens are compared, and not shown")]
    pub(super) fn is_same_token(&self, other: &Self) -> bool {
        self.token.password.expose() == other.token.password.expose()
    }

    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.fetched_at)
    }
}
