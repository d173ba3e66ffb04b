//! Fetches secrets from the store and caches them in memory, per identity.
//!
//! - Concurrent callers of one secret share one fetch. The fetch runs in its own task, so it
//!   completes and updates the cache even if every caller is cancelled.
//! - A lookup that finds an entry due for a refresh returns it, and starts the fetch in the
//!   background.
//! - A fetch error goes to the callers of that fetch, and is not cached.
//! - After a refusal by a registry the secret is fetched once more, bypassing the cache.
//!
//! Invariant: the lookup and the start of a fetch happen under one lock, so two callers never both
//! start a fetch. The lock is never held across an await.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::Either;
use tokio::time::Instant;

use super::cached_secret::{CachedSecret, FetchStart, FetchedSecret, SecretCacheKey};
use super::{
    boot_clock::BootClock, cache_config::CacheConfig, lookup::Lookup, lookup::RefusalLookup, secret_cache::SecretCache,
    secret_fetcher::SecretFetcher, spellings::Spellings,
};
use crate::aws::{AwsError, AwsErrorKind, HostRegion};
use crate::credential::observer::{CredentialKind, CredentialObserver, CredentialOrigin, ProvidedCredential};
use crate::credential::store::SecretStore;
use crate::error::{Failure, Printable, Warning};
use crate::identity::Identity;
use crate::sync::{Flight, FlightId, Lifetime, Mutex, SingleFlight};
use crate::task::{CredentialsParameter, ImageReference};

type FetchResult = Result<Arc<CachedSecret>, Arc<Failure>>;

/// The secrets of a store.
pub(super) struct SecretProvider<S> {
    fetcher: Arc<SecretFetcher<S>>,
    config: CacheConfig,
    state: Arc<Mutex<State>>,
    clock: BootClock,
    observer: Arc<dyn CredentialObserver>,
}

struct State {
    cache: SecretCache,
    flights: SingleFlight<SecretCacheKey, FetchResult>,
    /// The fetches in flight that were started after a refusal.
    refusal_flights: HashMap<SecretCacheKey, FlightId>,
    spellings: Spellings,
}

/// A secret for a pull.
#[derive(Debug)]
pub(super) struct ProvidedSecret {
    pub(super) secret: Arc<CachedSecret>,
    /// The age of the secret, if it is stale.
    pub(super) stale: Option<Duration>,
}

impl<S: SecretStore> SecretProvider<S> {
    pub(super) fn new(
        store: Arc<S>,
        config: CacheConfig,
        clock: BootClock,
        observer: Arc<dyn CredentialObserver>,
    ) -> Self {
        let (cache, flights) = (SecretCache::new(config), SingleFlight::default());
        let (refusal_flights, spellings) = (HashMap::new(), Spellings::default());
        let state = Arc::new(Mutex::new(State { cache, flights, refusal_flights, spellings }));
        Self { fetcher: Arc::new(SecretFetcher::new(store)), config, state, clock, observer }
    }

    /// Returns the secret from the cache, or fetches it.
    pub(super) async fn get(&self, key: &SecretCacheKey) -> Result<ProvidedSecret, Arc<Failure>> {
        self.share_with_equal_names(key).await;
        let (secret, origin) = match self.look_up_or_start(key) {
            Either::Left(secret) => (secret, CredentialOrigin::Cache),
            Either::Right(flight) => match flight.await {
                Ok(secret) => (secret, CredentialOrigin::Fetch),
                Err(failure) => (self.state.lock().cache.stale_secret(key, failure)?, CredentialOrigin::Cache),
            },
        };
        Ok(self.provide(secret, origin))
    }

    /// Stores under this name what a fetch under another name of the same secret has returned or is about
    /// to return. A failure under another name says nothing about this one, because a policy may tell
    /// them apart.
    async fn share_with_equal_names(&self, key: &SecretCacheKey) {
        let others = self.state.lock().spellings.add(key);
        if others.is_empty() {
            return;
        }
        self.find_home(key).await;
        let flights = {
            let mut state = self.state.lock();
            state.adopt_cached(key, &others, self.clock.now());
            let is_missing = matches!(state.cache.lookup(key, self.clock.now()), Lookup::Miss);
            let may_share = is_missing && state.flights.get(key).is_none() && state.can_share(key);
            others.iter().filter(|_| may_share).filter_map(|other| state.flights.get(other)).collect::<Vec<_>>()
        };
        for flight in flights {
            if let Ok(secret) = flight.await {
                self.state.lock().adopt(key, secret, self.clock.now());
            }
        }
    }

    /// Finds out where the identity's secrets without an ARN are.
    async fn find_home(&self, SecretCacheKey { identity, parameter }: &SecretCacheKey) {
        let is_needed =
            matches!(parameter, CredentialsParameter::Name(_)) && self.state.lock().spellings.home(identity).is_none();
        if is_needed && let Some(home) = self.fetcher.home(identity).await {
            self.state.lock().spellings.set_home(identity, home);
        }
    }

    /// The cached secret, or a fetch to wait for.
    fn look_up_or_start(&self, key: &SecretCacheKey) -> Either<Arc<CachedSecret>, Flight<FetchResult>> {
        let mut state = self.state.lock();
        match state.cache.lookup(key, self.clock.now()) {
            Lookup::Fresh(secret) => Either::Left(secret),
            Lookup::RefreshDue(secret) => {
                // A background refresh: this caller does not wait for it.
                drop(self.join_or_start(&mut state, key, None));
                Either::Left(secret)
            }
            Lookup::Miss => Either::Right(self.join_or_start(&mut state, key, None)),
        }
    }

    /// Returns a newer version of the secret after a registry refused `refused`, sent at `sent_at`,
    /// for this image. `None` if the secret has not changed, so that a retry cannot help.
    pub(super) async fn refresh_after_refusal(
        &self,
        key: &SecretCacheKey,
        image: &ImageReference,
        refused: &CachedSecret,
        sent_at: Instant,
    ) -> Result<Option<ProvidedSecret>, Arc<Failure>> {
        let flight = {
            let mut state = self.state.lock();
            let others = state.spellings.add(key);
            state.adopt_cached(key, &others, self.clock.now());
            match state.cache.lookup_after_refusal(key, image, refused, sent_at, self.clock.now()) {
                RefusalLookup::Newer(secret) => Either::Left(secret),
                RefusalLookup::Confirmed => return Ok(None),
                RefusalLookup::Unknown => Either::Right(self.join_or_start(&mut state, key, Some(sent_at))),
            }
        };
        let secret = match flight {
            Either::Left(secret) => secret,
            Either::Right(flight) => match flight.await {
                Ok(secret) => secret,
                // AWS is unavailable, so it is not known whether the password was rotated.
                Err(failure) => self.state.lock().cache.quarantine(key, image, refused, failure, self.clock.now())?,
            },
        };
        let is_newer = !secret.is_same_version(refused);
        Ok(is_newer.then(|| self.provide(secret, CredentialOrigin::Fetch)))
    }

    /// Why this secret must not be sent for this image any more, if it is quarantined.
    pub(super) fn quarantine_reason(
        &self,
        key: &SecretCacheKey,
        image: &ImageReference,
        secret: &CachedSecret,
    ) -> Option<Arc<Failure>> {
        self.state.lock().cache.quarantine_reason(key, image, secret, self.clock.now())
    }

    /// Joins the fetch in flight, or starts one. After a refusal, a fetch that may have missed the
    /// rotation is not joined; the new fetch replaces it.
    fn join_or_start(
        &self,
        state: &mut State,
        key: &SecretCacheKey,
        refused_sent_at: Option<Instant>,
    ) -> Flight<FetchResult> {
        if let Some(flight) = state.flights.get(key) {
            let after_refusal = state.refusal_flights.get(key) == Some(&flight.id());
            let start = FetchStart { at: flight.started(), after_refusal };
            if refused_sent_at.is_none_or(|sent_at| start.is_after(sent_at)) {
                return flight;
            }
        }
        let start = FetchStart { at: Instant::now(), after_refusal: refused_sent_at.is_some() };
        let (fetcher, shared, clock) = (Arc::clone(&self.fetcher), Arc::clone(&self.state), self.clock.clone());
        let owned_key = key.clone();
        let fetch = |flight| async move {
            let result = fetcher.fetch(&owned_key).await;
            shared.lock().complete(&owned_key, flight, start, result, clock.now(), fastrand::f64())
        };
        let owned_key = key.clone();
        let fallback = move || {
            let SecretCacheKey { identity, parameter } = owned_key;
            Err(Arc::new(Failure::from(AwsError::for_secret(&parameter, &identity, AwsErrorKind::Other))))
        };
        let flight = state.flights.start(key, Lifetime::OutlivesCallers, fetch, fallback);
        if start.after_refusal {
            state.refusal_flights.insert(key.clone(), flight.id());
        }
        flight
    }

    /// Who the identity was for AWS on its last call, as far as that is known.
    pub(super) fn principal(&self, identity: &Identity) -> Option<Printable> {
        self.fetcher.principal(identity)
    }

    /// The host's Region and where it is set, as far as that is known without a request.
    pub(super) async fn host_region(&self) -> Option<HostRegion> {
        self.fetcher.host_region().await
    }

    /// The warnings of the store.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        self.fetcher.warnings()
    }

    fn provide(&self, secret: Arc<CachedSecret>, origin: CredentialOrigin) -> ProvidedSecret {
        let age = secret.age(self.clock.now());
        let stale = self.config.stale_age(age);
        let source = if stale.is_some() { CredentialOrigin::StaleCache } else { origin };
        self.observer.credential_provided(&ProvidedCredential { kind: CredentialKind::Secret, source, age });
        ProvidedSecret { secret, stale }
    }
}

impl State {
    /// Whether a fetch under another name can turn out to be one of this secret.
    fn can_share(&self, SecretCacheKey { identity, parameter }: &SecretCacheKey) -> bool {
        matches!(parameter, CredentialsParameter::Arn(_)) || self.spellings.home(identity).is_some()
    }

    /// Stores under this name what the cache has under other names of the same secret.
    fn adopt_cached(&mut self, key: &SecretCacheKey, others: &[SecretCacheKey], now: Instant) {
        for other in others {
            if let Some(secret) = self.cache.unexpired(other, now).map(Arc::clone) {
                self.adopt(key, secret, now);
            }
        }
    }

    /// Stores a secret under a further one of its names, unless a later fetch is stored there.
    fn adopt(&mut self, key: &SecretCacheKey, secret: Arc<CachedSecret>, now: Instant) {
        let own = self.cache.unexpired(key, now).map(|own| own.flight);
        if own.is_none_or(|own| own < secret.flight) && self.spellings.is_name_of(key, &secret.version.arn) {
            self.cache.insert(key.clone(), secret, now, fastrand::f64());
        }
    }

    /// Evicts the secret under its other names, after AWS has refused it under this one. It would
    /// otherwise be adopted again under the name that was refused.
    fn evict_equal_names(&mut self, key: &SecretCacheKey, now: Instant) {
        for other in self.spellings.add(key) {
            let cached = self.cache.unexpired(&other, now);
            if cached.is_some_and(|secret| self.spellings.is_name_of(key, &secret.version.arn)) {
                self.cache.remove(&other);
            }
        }
    }

    /// Updates the cache with the result of a fetch, and returns the result for its callers. A
    /// fetch that a later one has replaced does not store its secret.
    fn complete(
        &mut self,
        key: &SecretCacheKey,
        flight: FlightId,
        start: FetchStart,
        result: Result<FetchedSecret, Failure>,
        now: Instant,
        random: f64,
    ) -> FetchResult {
        let is_latest = self.flights.is_latest(key, flight);
        if is_latest {
            self.refusal_flights.remove(key);
            // A finished flight would keep the secret in memory after its eviction.
            self.flights.detach(key, flight);
        }
        match result {
            Ok(fetched) => {
                let secret = Arc::new(CachedSecret::new(fetched, flight, start, now));
                self.spellings.learn(key, &secret.version.arn);
                if is_latest {
                    self.cache.insert(key.clone(), Arc::clone(&secret), now, random);
                }
                Ok(secret)
            }
            Err(failure) => {
                if !failure.is_outage() {
                    self.evict_equal_names(key, now);
                }
                Err(Arc::new(self.cache.record_failure(key, failure, now, random)))
            }
        }
    }
}
