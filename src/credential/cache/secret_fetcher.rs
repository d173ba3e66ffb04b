//! Fetches a secret from the store, and decrypts it, within one deadline.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::time::{Instant, timeout, timeout_at};

use super::{cached_secret::FetchedSecret, cached_secret::SecretCacheKey, spellings::SecretHome};
use crate::aws::{AwsError, AwsErrorKind, DecryptedBytes, HostRegion};
use crate::credential::{content, content::SecretContent, store::SecretStore};
use crate::error::{Failure, Printable, Warning};
use crate::identity::Identity;
use crate::sync::KeyedSemaphore;
use crate::task::Region;

/// Concurrent fetches of one identity in one Region: as many as one batch contains. Secrets Manager
/// allows thousands a second; this limits our own sockets.
const CONCURRENT_FETCHES: NonZeroUsize = NonZeroUsize::new(20).unwrap();

/// The key of a limit. A Region or an STS that does not answer occupies only its own permits, until
/// the deadline. The Region of a secret that is named without one is the host's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct LimitKey {
    identity: Identity,
    region: Option<Region>,
}

/// Fetches secrets, with a limit on concurrency.
pub(super) struct SecretFetcher<S> {
    store: Arc<S>,
    limits: KeyedSemaphore<LimitKey>,
}

impl<S: SecretStore> SecretFetcher<S> {
    pub(super) fn new(store: Arc<S>) -> Self {
        Self { store, limits: KeyedSemaphore::new(CONCURRENT_FETCHES) }
    }

    /// Who the identity was for AWS on its last call, as far as that is known.
    pub(super) fn principal(&self, identity: &Identity) -> Option<Printable> {
        self.store.principal(identity).as_deref().map(Printable::new)
    }

    pub(super) async fn host_region(&self) -> Option<HostRegion> {
        timeout(self.store.deadline(), self.store.host_region()).await.ok().flatten()
    }

    pub(super) fn warnings(&self) -> Vec<Warning> {
        self.store.warnings()
    }

    /// Where the identity finds a secret that is named without an ARN.
    pub(super) async fn home(&self, identity: &Identity) -> Option<SecretHome> {
        let end = Instant::now() + self.store.deadline();
        timeout_at(end, self.store.home(identity, end)).await.ok().flatten()
    }

    pub(super) async fn fetch(&self, key: &SecretCacheKey) -> Result<FetchedSecret, Failure> {
        let end = Instant::now() + self.store.deadline();
        // The store usually reports the deadline itself, because it knows which call was too slow.
        timeout_at(end, self.fetch_until(key, end)).await.unwrap_or_else(|_| {
            Err(Failure::from(AwsError::for_secret(&key.parameter, &key.identity, AwsErrorKind::TimedOut)))
        })
    }

    async fn fetch_until(
        &self,
        SecretCacheKey { identity, parameter }: &SecretCacheKey,
        end: Instant,
    ) -> Result<FetchedSecret, Failure> {
        let limit = LimitKey { identity: identity.clone(), region: parameter.region().cloned() };
        let _permit = self.limits.acquire(limit).await;
        tracing::debug!(secret = %parameter, identity = identity.name(), "reading the secret");
        let mut version = self.store.read(identity, parameter, end).await?;
        tracing::debug!(arn = version.arn, version = version.version_id, "secret read");
        let ciphertext = match SecretContent::new(&version)? {
            SecretContent::Text(text) => {
                let text = text.clone();
                return Ok(FetchedSecret { version, text });
            }
            SecretContent::Sealed(ciphertext) => ciphertext,
        };
        tracing::debug!(arn = version.arn, "decrypting the content of the secret");
        let decrypted = self.store.decrypt(identity, parameter, &version, &ciphertext, end).await;
        let is_refused = |error: &AwsError| error.kind == AwsErrorKind::CiphertextMismatch;
        if ciphertext.key.is_none() && decrypted.as_ref().is_err_and(is_refused) {
            return Err(content::not_ciphertext(&version, &ciphertext).into());
        }
        let DecryptedBytes { plaintext, request } = decrypted?;
        let text = content::decode_plaintext(&version, &plaintext)?;
        version.requests.extend(request);
        Ok(FetchedSecret { version, text })
    }
}
