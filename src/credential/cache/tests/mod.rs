//! The caches under paused time, with a store that returns prepared results.

mod decisions;
mod refusals;
mod secrets;
mod tokens;

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::boot_clock::BootClock;
use super::cache_config::CacheConfig;
use super::cached_secret::{CachedSecret, FetchStart, FetchedSecret, SecretCacheKey};
use crate::aws::{
    AwsError, AwsErrorKind, Ciphertext, DecryptedBytes, RegistryToken, SecretValue, SecretVersion, TokenScope,
};
use crate::credential::observer::{CredentialObserver, CredentialOrigin, ProvidedCredential};
use crate::credential::store::{SecretStore, TokenStore};
use crate::identity::Identity;
use crate::secret::Secret;
use crate::sync::{FlightId, Mutex};
use crate::task::{CredentialsParameter, ImageReference};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// The Region of a store that does not answer.
const SILENT_REGION: &str = "eu-west-1";

/// A cache of two entries, with lives of five minutes and an hour more.
const CONFIG: CacheConfig =
    CacheConfig { max_age: Duration::from_mins(5), max_stale: HOUR, capacity: NonZeroUsize::new(2).unwrap() };

/// Returns each of the prepared results a second after the call, except where its value says
/// otherwise: `panic`, or `late` for six seconds.
struct FakeStore<T> {
    results: Mutex<VecDeque<Result<T, AwsErrorKind>>>,
    calls: AtomicUsize,
}

impl<T: Copy> FakeStore<T> {
    fn new(results: &[Result<T, AwsErrorKind>]) -> Arc<Self> {
        let results = Mutex::new(results.iter().copied().collect());
        Arc::new(Self { results, calls: AtomicUsize::new(0) })
    }

    async fn next(&self, value: impl Fn(&T) -> &'static str) -> Result<T, AwsErrorKind> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(SECOND).await;
        let result = self.results.lock().pop_front().expect("more calls than prepared results");
        let value = result.as_ref().map_or("", value);
        assert_ne!(value, "panic", "a panic in a library");
        if value == "late" {
            tokio::time::sleep(5 * SECOND).await;
        }
        result
    }
}

impl SecretStore for FakeStore<&'static str> {
    fn deadline(&self) -> Duration {
        10 * SECOND
    }

    async fn read(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        _: Instant,
    ) -> Result<SecretVersion, AwsError> {
        if secret.region().is_some_and(|region| region.as_str() == SILENT_REGION) {
            std::future::pending::<()>().await;
        }
        let version = self.next(|version| version).await;
        version.map(version_of).map_err(|kind| AwsError::for_secret(secret, identity, kind))
    }

    async fn decrypt(
        &self,
        _: &Identity,
        _: &CredentialsParameter,
        _: &SecretVersion,
        _: &Ciphertext,
        _: Instant,
    ) -> Result<DecryptedBytes, AwsError> {
        unreachable!("no secret of these tests is sealed")
    }
}

/// A token, and its lifetime.
type FakeToken = (&'static str, Duration);

impl TokenStore for FakeStore<FakeToken> {
    async fn token(&self, identity: &Identity, scope: &TokenScope, _: Instant) -> Result<RegistryToken, AwsError> {
        let token = self.next(|(password, _)| password).await;
        let (password, lifetime) = token.map_err(|kind| AwsError::for_token(scope, identity, kind))?;
        Ok(RegistryToken {
            username: Secret::new("AWS".to_owned()),
            password: Secret::new(password.to_owned()),
            expires: Some(SystemTime::now() + lifetime),
            requests: Vec::new(),
        })
    }
}

/// The version of a secret without an ARN, or of the one whose ARN begins the text.
fn version_of(version_id: &str) -> SecretVersion {
    let arn = if version_id.starts_with("full ") {
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:team/registry-AbCdEf"
    } else {
        "arn"
    };
    SecretVersion {
        arn: arn.to_owned(),
        version_id: version_id.to_owned(),
        stage: None,
        requests: Vec::new(),
        value: SecretValue::Text(Secret::new("{}".to_owned())),
    }
}

/// The clock of a host that a test can suspend.
#[derive(Clone, Default)]
struct SuspendableHost(Arc<Mutex<Duration>>);

impl SuspendableHost {
    fn clock(&self) -> BootClock {
        let suspended = Arc::clone(&self.0);
        BootClock::new(move || *suspended.lock())
    }

    /// Sets the time for which the host has been suspended in all.
    fn suspend(&self, suspended: Duration) {
        *self.0.lock() = suspended;
    }
}

/// The secret of this name, read by the host.
fn host_key(name: &str) -> SecretCacheKey {
    SecretCacheKey { identity: Identity::Host, parameter: CredentialsParameter::parse(name).unwrap() }
}

fn image(name: &str) -> ImageReference {
    ImageReference::parse(name).unwrap()
}
