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

mod kept;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::ready;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt as _, Shared};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::content::{self, Content};
use super::instance::{InstanceLogins, SharedLogins};
use super::{AccessTokens, Credential, Credentials, SecretError, SecretFault, SecretStore, SecretVersion};
use crate::error::Failure;
use crate::identity::Identity;
use crate::plan::{Need, PlannedPull};
use crate::secret::Secret;
use crate::task::CredentialsParameter;
pub(super) use kept::Held;
pub use kept::Keeping;
use kept::{Found, Kept};

/// Secrets read at the same time. Secrets Manager allows thousands a second; this bounds
/// our own sockets.
const READS_AT_ONCE: usize = 16;

/// A read that found the same version speaks for refusals this much later, so that a wrong
/// password for a thousand images is not a thousand reads.
const CONFIRMED_FOR: Duration = Duration::from_secs(5);

/// Who reads which secret: the key of everything that is kept.
type Key = (Identity, CredentialsParameter);

/// One read, shared by all who wait for it.
type Read = Shared<BoxFuture<'static, Result<Arc<Held>, Arc<Failure>>>>;

/// The secrets of a store.
pub struct Resolver<S> {
    store: Arc<S>,
    tokens: AccessTokens,
    turns: Arc<Semaphore>,
    reads: Arc<Mutex<Reads>>,
    instance: SharedLogins,
}

/// The reads so far: those under way, and what is kept of the others.
struct Reads {
    count: u64,
    under_way: HashMap<Key, (u64, Read)>,
    kept: Kept<Key>,
}

impl<S: SecretStore> Resolver<S> {
    /// Keeps what it reads from `store` as `keeping` says; `tokens` says whether a
    /// pull-through cache's secret may serve; `instance` has the host's own logins.
    #[must_use]
    pub fn new(store: Arc<S>, keeping: Keeping, tokens: AccessTokens, instance: Arc<InstanceLogins>) -> Self {
        let turns = Arc::new(Semaphore::new(READS_AT_ONCE));
        let reads = Reads { count: 0, under_way: HashMap::new(), kept: Kept::new(keeping) };
        let reads = Arc::new(Mutex::new(reads));
        Self { store, tokens, turns, reads, instance: SharedLogins::new(instance) }
    }

    /// The secret's version in force, or the one at the store's stage: kept, or read now.
    async fn version(&self, identity: &Identity, secret: &CredentialsParameter) -> Result<Arc<Held>, Arc<Failure>> {
        let key = (identity.clone(), secret.clone());
        let read = {
            let mut reads = lock(&self.reads);
            match reads.kept.find(&key, Instant::now()) {
                Found::Serves(held) => return Ok(held),
                Found::Due(held) => {
                    // The read goes on by itself.
                    drop(self.read(&mut reads, key));
                    return Ok(held);
                }
                Found::Nothing => self.read(&mut reads, key),
            }
        };
        read.await
    }

    /// The secret after a registry refused `refused`, which it was shown at `shown`: `None`
    /// when it is still the same version, so that trying again cannot help.
    async fn version_after_refusal(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        refused: &Held,
        shown: Instant,
    ) -> Result<Option<Arc<Held>>, Arc<Failure>> {
        let key = (identity.clone(), secret.clone());
        let is_another = |held: &Held| held.version.version_id != refused.version.version_id;
        let read = {
            let mut reads = lock(&self.reads);
            // Somebody else was refused too and has asked since: there is another version, or
            // it was asked for after this one was shown to the registry, or just now.
            let newer = reads.kept.last(&key).filter(|held| held.read > refused.read);
            let newer = newer.filter(|held| is_another(held) || held.at >= shown || held.at.elapsed() < CONFIRMED_FOR);
            match newer {
                Some(held) => Either::Left(ready(Ok(Arc::clone(held)))),
                None => Either::Right(self.read(&mut reads, key)),
            }
        };
        let held = read.await?;
        Ok(is_another(&held).then_some(held))
    }

    /// The read of this secret that is under way, or a new one.
    fn read(&self, reads: &mut Reads, key: Key) -> Read {
        if let Some((_, read)) = reads.under_way.get(&key) {
            return read.clone();
        }
        reads.count += 1;
        let number = reads.count;
        let (store, turns, shared) = (Arc::clone(&self.store), Arc::clone(&self.turns), Arc::clone(&self.reads));
        let of = key.clone();
        let work = async move {
            let answer = ask(&*store, &turns, &of).await;
            lock(&shared).settle(of, number, answer)
        };
        // A read that everybody has left must not stand still with its turn in its hand.
        #[expect(clippy::disallowed_methods, reason = "it ends at the store's deadline, whoever waits for it")]
        let task = tokio::spawn(work);
        let (identity, secret) = key.clone();
        let lost = move |_| Err(Arc::new(Failure::from(&SecretError::new(&secret, &identity, SecretFault::Other))));
        let read = async move { task.await.unwrap_or_else(lost) }.boxed().shared();
        reads.under_way.insert(key, (number, read.clone()));
        read
    }
}

impl<S: SecretStore> Credentials for Resolver<S> {
    fn credential<'a>(&'a self, pull: &'a PlannedPull) -> BoxFuture<'a, Result<Credential, Arc<Failure>>> {
        async move {
            let (parameter, identity) = match &pull.need {
                Need::Anonymous => return Ok(Credential::anonymous()),
                Need::Instance(login) => return self.instance.credential(login).await,
                Need::Secret { parameter, identity } => (parameter, identity),
            };
            let held = self.version(identity, parameter).await?;
            Credential::of_secret(held, identity.clone(), &pull.image, self.tokens)
        }
        .boxed()
    }

    fn after_refusal<'a>(
        &'a self,
        pull: &'a PlannedPull,
        refused: &'a Credential,
        shown: Instant,
    ) -> BoxFuture<'a, Result<Option<Credential>, Arc<Failure>>> {
        async move {
            let (Need::Secret { parameter, identity }, Some(refused)) = (&pull.need, &refused.held) else {
                return Ok(None);
            };
            let held = self.version_after_refusal(identity, parameter, refused, shown).await?;
            held.map(|held| Credential::of_secret(held, identity.clone(), &pull.image, self.tokens)).transpose()
        }
        .boxed()
    }
}

/// Reads a secret and takes its seal off, within one deadline, the wait for a turn included.
async fn ask<S: SecretStore>(store: &S, turns: &Semaphore, key: &Key) -> Result<(SecretVersion, Secret), Failure> {
    let (identity, secret) = key;
    let failed = |fault| Failure::from(&SecretError::new(secret, identity, fault));
    let end = Instant::now() + store.deadline();
    let turn = timeout_at(end, turns.acquire()).await;
    // The semaphore is never closed; were it to be, reading without a turn would be right.
    let _turn = turn.map_err(|_| failed(SecretFault::TimedOut))?.ok();
    tracing::debug!(%secret, identity = identity.name(), "reading the secret");
    let asked = async {
        let version = store.read(identity, secret, end).await.map_err(|error| Failure::from(&error))?;
        tracing::debug!(arn = version.arn, version = version.version_id, "read");
        let text = unsealed(store, identity, secret, &version, end).await?;
        Ok((version, text))
    };
    // A panic in a library costs this secret only, not the other pulls.
    AssertUnwindSafe(asked).catch_unwind().await.unwrap_or_else(|_| Err(failed(SecretFault::Other)))
}

/// The text of a secret, decrypted where it is sealed.
async fn unsealed<S: SecretStore>(
    store: &S,
    identity: &Identity,
    secret: &CredentialsParameter,
    version: &SecretVersion,
    end: Instant,
) -> Result<Secret, Failure> {
    match content::of(version).map_err(|error| Failure::from(&error))? {
        Content::Text(text) => Ok(text.clone()),
        Content::Sealed(sealed) => {
            tracing::debug!(arn = version.arn, "decrypting");
            let plaintext = store.decrypt(identity, secret, version, &sealed, end).await?;
            content::decrypted(version, &plaintext).map_err(|error| Failure::from(&error))
        }
    }
}

impl Reads {
    /// Takes a read's answer to what is kept; those who waited get what comes of it.
    fn settle(
        &mut self,
        key: Key,
        number: u64,
        answer: Result<(SecretVersion, Secret), Failure>,
    ) -> Result<Arc<Held>, Arc<Failure>> {
        if self.under_way.get(&key).is_some_and(|(under_way, _)| *under_way == number) {
            self.under_way.remove(&key);
        }
        let (now, chance) = (Instant::now(), fastrand::f64());
        match answer {
            Ok((version, text)) => Ok(self.kept.keep(key, (version, text), number, now, chance)),
            Err(failure) => self.kept.failed(&key, failure, now, chance).map_err(Arc::new),
        }
    }
}

fn lock(reads: &Mutex<Reads>) -> MutexGuard<'_, Reads> {
    reads.lock().unwrap_or_else(PoisonError::into_inner)
}
