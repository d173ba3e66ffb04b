//! Secrets read once for everybody who may have them, and again when there is a reason.
//!
//! What was read is kept under the secret **and** the identity that read it: two identities
//! are two decisions, always. Within that:
//!
//! - one read at a time, shared by all who wait; it outlives whoever began it;
//! - how long a value serves, and when it is asked for again while it does, is `kept`'s to
//!   say; here that is carried out, and nobody waits for a read that is ahead of its time;
//! - a failure is told to those who waited for it and forgotten;
//! - a refusal by the registry is a reason to read once more, past everything kept here.
//!
//! ECR's tokens have an end of their own, and a room of their own: `tokens`.

mod boot_clock;
mod read_limits;
mod secret_cache;
#[cfg(test)]
mod tests;
mod token_cache;

use std::collections::HashMap;
use std::future::ready;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt as _, Shared};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::content::{self, Content};
use super::host_logins::{HostLogins, SharedLogins};
use crate::aws::{AwsError, AwsErrorKind, AwsRequest, DecryptedBytes, SecretVersion, TokenScope};
use crate::config::AccessTokens;
use crate::credential::{
    Credential, CredentialKind, CredentialObserver, CredentialProvider, CredentialServed, CredentialSource,
    SecretStore, ServedFrom, TokenStore,
};
use crate::error::Failure;
use crate::identity::Identity;
use crate::plan::{Need, PlannedPull};
use crate::secret::Secret;
use crate::task::{CredentialsParameter, ImageReference};
use read_limits::ReadLimits;
pub use secret_cache::CacheConfig;
pub(super) use secret_cache::CachedSecret;
use secret_cache::{FetchStart, Lookup, SecretCache};
pub(super) use token_cache::CachedToken;
use token_cache::TokenCache;

/// A read that found the same version speaks for refusals this much later, so that a wrong
/// password for a thousand images is not a thousand reads.
const CONFIRMED_FOR: Duration = Duration::from_secs(5);

/// Who reads which secret: the key of everything that is kept.
type CacheKey = (Identity, CredentialsParameter);

/// One read, shared by all who wait for it.
type Read = Shared<BoxFuture<'static, Result<Arc<CachedSecret>, Arc<Failure>>>>;

/// The secrets of a store.
pub struct CachingCredentialProvider<S> {
    store: Arc<S>,
    tokens: AccessTokens,
    turns: ReadLimits,
    reads: Arc<Mutex<Reads>>,
    ecr: TokenCache<S>,
    instance: SharedLogins,
    watch: Arc<dyn CredentialObserver>,
}

/// The reads so far: those under way, and what is kept of the others.
struct Reads {
    count: u64,
    under_way: HashMap<CacheKey, InFlightFetch>,
    kept: SecretCache<CacheKey>,
}

/// A read that has begun and not ended.
struct InFlightFetch {
    number: u64,
    begun: FetchStart,
    read: Read,
}

impl<S: TokenStore> CachingCredentialProvider<S> {
    /// Keeps what it reads from `store` as `keeping` says; `tokens` says whether a
    /// pull-through cache's secret may serve; `instance` has the host's own logins.
    #[must_use]
    pub fn new(store: Arc<S>, keeping: CacheConfig, tokens: AccessTokens, instance: Arc<HostLogins>) -> Self {
        let ecr = TokenCache::new(Arc::clone(&store), keeping.entries);
        let reads = Reads { count: 0, under_way: HashMap::new(), kept: SecretCache::new(keeping) };
        let reads = Arc::new(Mutex::new(reads));
        Self {
            store,
            tokens,
            turns: ReadLimits::default(),
            reads,
            ecr,
            instance: SharedLogins::new(instance),
            watch: Arc::new(()),
        }
    }

    /// The same, telling `watch` of what it serves.
    #[must_use]
    pub fn watched_by(self, watch: Arc<dyn CredentialObserver>) -> Self {
        Self { ecr: self.ecr.watched_by(Arc::clone(&watch)), watch, ..self }
    }

    /// The secret's version in force, or the one at the store's stage: kept, or read now.
    async fn version(&self, key: &CacheKey) -> Result<Arc<CachedSecret>, Arc<Failure>> {
        let read = {
            let mut reads = lock(&self.reads);
            match reads.kept.find(key, boot_clock::now()) {
                Lookup::Serves(held) => Either::Left(held),
                Lookup::Due(held) => {
                    // The read goes on by itself.
                    drop(self.read(&mut reads, key, None));
                    Either::Left(held)
                }
                Lookup::Nothing => Either::Right(self.read(&mut reads, key, None)),
            }
        };
        let (held, from) = match read {
            Either::Left(held) => (held, ServedFrom::Cache),
            Either::Right(read) => match read.await {
                Ok(held) => (held, ServedFrom::Fetch),
                Err(failure) => (lock(&self.reads).kept.instead(key, failure)?, ServedFrom::Cache),
            },
        };
        let from = if held.stale().is_some() { ServedFrom::StaleCache } else { from };
        self.watch.credential_served(&CredentialServed {
            kind: CredentialKind::Secret,
            source: from,
            age: boot_clock::since(held.at),
        });
        Ok(held)
    }

    /// The secret after a registry refused `refused` for this image, which it was shown at
    /// `shown`: `None` when it is still the same version, so that trying again cannot help.
    async fn version_after_refusal(
        &self,
        key: &CacheKey,
        image: &ImageReference,
        refused: &CachedSecret,
        shown: Instant,
    ) -> Result<Option<Arc<CachedSecret>>, Arc<Failure>> {
        let is_another = |held: &CachedSecret| !held.is(refused);
        let read = {
            let mut reads = lock(&self.reads);
            let is_recent = |held: &CachedSecret| boot_clock::since(held.at) < CONFIRMED_FOR;
            if is_recent(refused) && reads.kept.confirms(key, image, refused) {
                return Ok(None);
            }
            // It was asked for since: there is another version, or there was none just now,
            // when somebody else was refused too.
            let newer = reads.kept.last(key).filter(|held| held.read > refused.read);
            let confirms = |held: &CachedSecret| held.begun.speaks_of(shown) && is_recent(held);
            match newer.filter(|held| is_another(held) || confirms(held)) {
                Some(held) => Either::Left(ready(Ok(Arc::clone(held)))),
                None => Either::Right(self.read(&mut reads, key, Some(shown))),
            }
        };
        let held = match read.await {
            Ok(held) => held,
            // Whether it is another by now nobody knows: it is not shown again until it is known.
            Err(failure) => lock(&self.reads).kept.refused(key, image, refused, failure)?,
        };
        let held = Some(held).filter(|held| is_another(held));
        if let Some(held) = &held {
            self.watch.credential_served(&CredentialServed {
                kind: CredentialKind::Secret,
                source: ServedFrom::Fetch,
                age: boot_clock::since(held.at),
            });
        }
        Ok(held)
    }

    /// The read of this secret that is under way, or a new one. After the refusal of what was
    /// `shown`, one that may have been answered before is not enough; the new one takes its place.
    fn read(&self, reads: &mut Reads, key: &CacheKey, shown: Option<Instant>) -> Read {
        let under_way = reads.under_way.get(key);
        let under_way = under_way.filter(|read| shown.is_none_or(|shown| read.begun.speaks_of(shown)));
        // One that was lost with its runtime has settled nothing.
        if let Some(InFlightFetch { read, .. }) = under_way.filter(|under_way| under_way.read.peek().is_none()) {
            return read.clone();
        }
        reads.count += 1;
        let number = reads.count;
        let begun = FetchStart { at: Instant::now(), after_refusal: shown.is_some() };
        let (store, turns, shared) = (Arc::clone(&self.store), self.turns.of(key), Arc::clone(&self.reads));
        let of = key.clone();
        let work = async move {
            let answer = ask(&*store, &turns, &of).await;
            lock(&shared).settle(of, (number, begun), answer)
        };
        // A read that everybody has left must not stand still with its turn in its hand.
        #[expect(clippy::disallowed_methods, reason = "it ends at the store's deadline, whoever waits for it")]
        let task = tokio::spawn(work.in_current_span());
        let (identity, secret) = key.clone();
        let lost = move |_| Err(Arc::new(Failure::from(AwsError::for_secret(&secret, &identity, AwsErrorKind::Other))));
        let read = async move { task.await.unwrap_or_else(lost) }.boxed().shared();
        reads.under_way.insert(key.clone(), InFlightFetch { number, begun, read: read.clone() });
        read
    }
}

impl<S: TokenStore> CredentialProvider for CachingCredentialProvider<S> {
    fn credential<'a>(&'a self, pull: &'a PlannedPull) -> BoxFuture<'a, Result<Credential, Arc<Failure>>> {
        async move {
            match &pull.need {
                Need::Anonymous => Ok(Credential::anonymous()),
                Need::HostLogin(login) => self.instance.credential(login).await,
                Need::Secret { parameter, identity } => {
                    let held = self.version(&(identity.clone(), parameter.clone())).await?;
                    Credential::of_secret(held, identity.clone(), &pull.image, self.tokens)
                }
                Need::Ecr { registry, identity } => {
                    let key = (identity.clone(), TokenScope::from(registry));
                    Ok(Credential::of_ecr(self.ecr.token(&key).await?, registry, identity))
                }
                Need::EcrPublic { identity } => {
                    Ok(match self.ecr.token(&(identity.clone(), TokenScope::EcrPublic)).await {
                        Ok(held) => Credential::of_ecr_public(held, identity),
                        Err(failure) => {
                            tracing::warn!(failure = %failure.message, "there is no token of ECR Public");
                            Credential::without_token(identity.clone(), failure.message.clone())
                        }
                    })
                }
            }
        }
        .boxed()
    }

    fn quarantine_reason(&self, pull: &PlannedPull, had: &Credential) -> Option<Arc<Failure>> {
        let (Need::Secret { parameter, identity }, Some(CredentialSource::Secret(held))) = (&pull.need, &had.held)
        else {
            return None;
        };
        let key = (identity.clone(), parameter.clone());
        lock(&self.reads).kept.doubted(&key, &pull.image, held)
    }

    fn refresh_after_refusal<'a>(
        &'a self,
        pull: &'a PlannedPull,
        refused: &'a Credential,
        shown: Instant,
    ) -> BoxFuture<'a, Result<Option<Credential>, Arc<Failure>>> {
        async move {
            match (&pull.need, &refused.held) {
                (Need::Secret { parameter, identity }, Some(CredentialSource::Secret(refused))) => {
                    let (key, image) = ((identity.clone(), parameter.clone()), &pull.image);
                    let held = self.version_after_refusal(&key, image, refused, shown).await?;
                    held.map(|held| Credential::of_secret(held, identity.clone(), image, self.tokens)).transpose()
                }
                (Need::Ecr { registry, identity }, Some(CredentialSource::Token(refused))) => {
                    let key = (identity.clone(), TokenScope::from(registry));
                    let held = self.ecr.token_after_refusal(&key, refused).await?;
                    Ok(held.map(|held| Credential::of_ecr(held, registry, identity)))
                }
                (Need::EcrPublic { identity }, Some(CredentialSource::Token(refused))) => {
                    let key = (identity.clone(), TokenScope::EcrPublic);
                    let held = self.ecr.token_after_refusal(&key, refused).await?;
                    Ok(held.map(|held| Credential::of_ecr_public(held, identity)))
                }
                _ => Ok(None),
            }
        }
        .boxed()
    }
}

/// Reads a secret and takes its seal off, within one deadline, the wait for a turn included.
async fn ask<S: SecretStore>(store: &S, turns: &Semaphore, key: &CacheKey) -> Result<(SecretVersion, Secret), Failure> {
    let (identity, secret) = key;
    let failed = |fault| Failure::from(AwsError::for_secret(secret, identity, fault));
    let end = Instant::now() + store.deadline();
    let turn = timeout_at(end, turns.acquire()).await;
    // The semaphore is never closed; were it to be, reading without a turn would be right.
    let _turn = turn.map_err(|_| failed(AwsErrorKind::TimedOut))?.ok();
    tracing::debug!(%secret, identity = identity.name(), "reading the secret");
    let asked = async {
        let mut version = store.read(identity, secret, end).await?;
        tracing::debug!(arn = version.arn, version = version.version_id, "read");
        let (text, request) = unsealed(store, identity, secret, &version, end).await?;
        version.requests.extend(request);
        Ok((version, text))
    };
    // A panic in a library costs this secret only, not the other pulls. The store knows best
    // whom the deadline has caught; where it says nothing, it still holds.
    let asked = timeout_at(end, AssertUnwindSafe(asked).catch_unwind()).await;
    asked
        .map_or(Err(failed(AwsErrorKind::TimedOut)), |ended| ended.unwrap_or_else(|_| Err(failed(AwsErrorKind::Other))))
}

/// The text of a secret, decrypted where it is sealed; then with the call that did it.
async fn unsealed<S: SecretStore>(
    store: &S,
    identity: &Identity,
    secret: &CredentialsParameter,
    version: &SecretVersion,
    end: Instant,
) -> Result<(Secret, Option<AwsRequest>), Failure> {
    match content::of(version)? {
        Content::Text(text) => Ok((text.clone(), None)),
        Content::Sealed(sealed) => {
            tracing::debug!(arn = version.arn, "decrypting");
            let decrypted = store.decrypt(identity, secret, version, &sealed, end).await;
            let DecryptedBytes { plaintext, request } = decrypted?;
            let text = content::decrypted(version, &plaintext)?;
            Ok((text, request))
        }
    }
}

impl Reads {
    /// Takes a read's answer to what is kept; those who waited get what comes of it. What
    /// another read has taken the place of is not kept: that one has the last word.
    fn settle(
        &mut self,
        key: CacheKey,
        (number, begun): (u64, FetchStart),
        answer: Result<(SecretVersion, Secret), Failure>,
    ) -> Result<Arc<CachedSecret>, Arc<Failure>> {
        let has_last_word = self.under_way.get(&key).is_some_and(|under_way| under_way.number == number);
        if has_last_word {
            self.under_way.remove(&key);
        }
        let (now, chance) = (boot_clock::now(), fastrand::f64());
        match answer {
            Ok(found) => {
                let held = self.kept.held(found, number, begun, now);
                if has_last_word {
                    self.kept.keep(key, Arc::clone(&held), now, chance);
                }
                Ok(held)
            }
            Err(failure) => Err(Arc::new(self.kept.failed(&key, failure, now, chance))),
        }
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
