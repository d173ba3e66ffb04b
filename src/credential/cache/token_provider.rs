//! Fetches ECR's authorization tokens and caches them in memory, per identity.
//!
//! As for secrets, concurrent callers of one token share one fetch, which runs in its own task, and
//! no pull waits for a refresh. [`super::token_cache`] contains the rules for a token's lifetime.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::Either;
use tokio::time::{Instant, timeout_at};

use super::token_cache::{CachedToken, TokenCache, TokenCacheKey, token_lifetime};
use super::{boot_clock::BootClock, cache_config::CacheConfig, lookup::Lookup, lookup::RefusalLookup};
use crate::aws::{AwsError, AwsErrorKind, RegistryToken};
use crate::credential::observer::{CredentialKind, CredentialObserver, CredentialOrigin, ProvidedCredential};
use crate::credential::store::TokenStore;
use crate::error::Failure;
use crate::sync::{Flight, Lifetime, Mutex, SingleFlight};

type FetchResult = Result<Arc<CachedToken>, Arc<Failure>>;

/// The tokens of a store.
pub(super) struct TokenProvider<S> {
    store: Arc<S>,
    /// The longest time for one token.
    timeout: Duration,
    state: Arc<Mutex<State>>,
    clock: BootClock,
    observer: Arc<dyn CredentialObserver>,
}

struct State {
    cache: TokenCache,
    flights: SingleFlight<TokenCacheKey, FetchResult>,
}

impl<S: TokenStore> TokenProvider<S> {
    pub(super) fn new(
        store: Arc<S>,
        timeout: Duration,
        config: CacheConfig,
        clock: BootClock,
        observer: Arc<dyn CredentialObserver>,
    ) -> Self {
        let state = State { cache: TokenCache::new(config.capacity), flights: SingleFlight::default() };
        Self { store, timeout, state: Arc::new(Mutex::new(state)), clock, observer }
    }

    /// Returns the token from the cache, or fetches it.
    pub(super) async fn get(&self, key: &TokenCacheKey) -> FetchResult {
        match self.look_up_or_start(key)? {
            Either::Left(token) => Ok(self.provide(token, CredentialOrigin::Cache)),
            Either::Right(flight) => Ok(self.provide(flight.await?, CredentialOrigin::Fetch)),
        }
    }

    /// The cached token, or a fetch to wait for.
    fn look_up_or_start(
        &self,
        key: &TokenCacheKey,
    ) -> Result<Either<Arc<CachedToken>, Flight<FetchResult>>, Arc<Failure>> {
        let mut state = self.state.lock();
        let now = self.clock.now();
        match state.cache.lookup(key, now) {
            Lookup::Fresh(token) => Ok(Either::Left(token)),
            Lookup::RefreshDue(token) => {
                // A background refresh: this caller does not wait for it.
                drop(self.join_or_start(&mut state, key, false));
                Ok(Either::Left(token))
            }
            Lookup::Miss => match state.cache.recent_failure(key, now) {
                Some(failure) => Err(failure),
                None => Ok(Either::Right(self.join_or_start(&mut state, key, false))),
            },
        }
    }

    /// Returns another token after a registry refused this one. `None` if a new token would not be
    /// accepted either.
    pub(super) async fn refresh_after_refusal(
        &self,
        key: &TokenCacheKey,
        refused: &CachedToken,
    ) -> Result<Option<Arc<CachedToken>>, Arc<Failure>> {
        let flight = {
            let mut state = self.state.lock();
            match state.cache.lookup_after_refusal(key, refused, self.clock.now()) {
                RefusalLookup::Newer(token) => return Ok(Some(self.provide(token, CredentialOrigin::Cache))),
                RefusalLookup::Confirmed => return Ok(None),
                RefusalLookup::Unknown => self.join_or_start(&mut state, key, true),
            }
        };
        let token = flight.await?;
        let is_another = token.flight > refused.flight && !token.is_same_token(refused);
        Ok(is_another.then(|| self.provide(token, CredentialOrigin::Fetch)))
    }

    /// Joins the fetch in flight, or starts one.
    fn join_or_start(&self, state: &mut State, key: &TokenCacheKey, after_refusal: bool) -> Flight<FetchResult> {
        let (store, timeout) = (Arc::clone(&self.store), self.timeout);
        let (shared, clock, owned_key) = (Arc::clone(&self.state), self.clock.clone(), key.clone());
        let fetch = |flight| async move {
            let result = fetch(&*store, &owned_key, timeout).await;
            let (now, random) = (clock.now(), fastrand::f64());
            let State { cache, flights } = &mut *shared.lock();
            // A finished flight would keep the token in memory after its eviction.
            flights.detach(&owned_key, flight);
            match result {
                Ok(token) => {
                    let expires_at = now + token_lifetime(token.expires, SystemTime::now());
                    let token = Arc::new(CachedToken { token, flight, after_refusal, fetched_at: now, expires_at });
                    cache.insert(owned_key, Arc::clone(&token), now, random);
                    Ok(token)
                }
                Err(failure) => {
                    let failure = Arc::new(failure);
                    cache.record_failure(&owned_key, &failure, now, random);
                    Err(failure)
                }
            }
        };
        let owned_key = key.clone();
        let fallback = move || {
            let TokenCacheKey { identity, scope } = owned_key;
            Err(Arc::new(Failure::from(AwsError::for_token(&scope, &identity, AwsErrorKind::Other))))
        };
        state.flights.get_or_start(key, Lifetime::OutlivesCallers, fetch, fallback)
    }

    fn provide(&self, token: Arc<CachedToken>, source: CredentialOrigin) -> Arc<CachedToken> {
        let age = token.age(self.clock.now());
        self.observer.credential_provided(&ProvidedCredential { kind: CredentialKind::Token, source, age });
        token
    }
}

/// Gets a token from the store, within the timeout.
async fn fetch<S: TokenStore>(
    store: &S,
    TokenCacheKey { identity, scope }: &TokenCacheKey,
    timeout: Duration,
) -> Result<RegistryToken, Failure> {
    let end = Instant::now() + timeout;
    tracing::debug!(%scope, identity = identity.name(), "fetching a token");
    match timeout_at(end, store.token(identity, scope, end)).await {
        Ok(result) => result.map_err(Failure::from),
        Err(_) => Err(Failure::from(AwsError::for_token(scope, identity, AwsErrorKind::TimedOut))),
    }
}
