//! Secrets read once for everybody who may have them, and again when there is a reason.
//!
//! What was read is kept under the secret **and** the identity that read it: two identities
//! are two decisions, always. Within that:
//!
//! - one read at a time, shared by all who wait; it outlives whoever began it;
//! - a value is used for `max_age`, and where AWS does not answer after that, for
//!   `max_stale` more, and said to be stale; never after a denial, a deletion or a new value;
//! - a failure is told to those who waited for it and forgotten;
//! - a refusal by the registry is a reason to read once more, past everything kept here
//!   (decision 5 of the design).

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, Shared, WeakShared};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::instance::{InstanceLogins, lost};
use super::{AccessTokens, Credential, SecretError, SecretFault, SecretStore, SecretVersion, unsealed};
use crate::error::{Class, Failure, Link};
use crate::identity::Identity;
use crate::plan::InstanceLogin;
use crate::secret::Secret;
use crate::task::CredentialsParameter;

/// Secrets read at the same time. Secrets Manager allows thousands a second; this bounds
/// our own sockets.
const READS_AT_ONCE: usize = 16;

/// A read that found the same version speaks for refusals this much later, so that a wrong
/// password for a thousand images is not a thousand reads.
const CONFIRMED_FOR: Duration = Duration::from_secs(5);

/// What is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// A value younger than this is used without asking.
    pub max_age: Duration,
    /// A value this much older is used when AWS does not answer.
    pub max_stale: Duration,
    /// Values kept at most; the one read longest ago goes first.
    pub entries: NonZeroUsize,
}

/// Who reads which secret: the key of everything that is kept.
type Key = (Identity, CredentialsParameter);

/// One read, shared by all who wait for it.
type Read = Shared<BoxFuture<'static, Result<Arc<Held>, Arc<Failure>>>>;

/// A version of a secret, and how it came to be here.
#[derive(Debug)]
pub(super) struct Held {
    pub version: SecretVersion,
    /// What it holds, decrypted where it was sealed.
    pub text: Secret,
    /// Which read it came from; they are counted.
    pub read: u64,
    /// When it was read.
    pub at: Instant,
    /// Whether AWS has not answered since.
    pub stale: bool,
}

/// The secrets of a store.
pub struct Resolver<S> {
    store: Arc<S>,
    keeping: Keeping,
    pub(super) tokens: AccessTokens,
    turns: Arc<Semaphore>,
    kept: Arc<Mutex<Kept>>,
    instance: Arc<InstanceLogins>,
    /// The host's own logins that are being had; a helper is run once for all who wait.
    instance_logins: Mutex<HashMap<InstanceLogin, HostLogin>>,
}

/// A login of the host's own, shared by all who wait for it; when nobody does, it is given up,
/// and its helper is killed with it.
type HostLogin = WeakShared<BoxFuture<'static, Result<Credential, Failure>>>;

#[derive(Default)]
struct Kept {
    reads: u64,
    under_way: HashMap<Key, (u64, Read)>,
    values: HashMap<Key, Arc<Held>>,
}

impl<S: SecretStore> Resolver<S> {
    /// Keeps what it reads from `store` as `keeping` says; `tokens` says whether a
    /// pull-through cache's secret may serve; `instance` has the host's own logins.
    #[must_use]
    pub fn new(store: Arc<S>, keeping: Keeping, tokens: AccessTokens, instance: Arc<InstanceLogins>) -> Self {
        let turns = Arc::new(Semaphore::new(READS_AT_ONCE));
        Self { store, keeping, tokens, turns, kept: Arc::default(), instance, instance_logins: Mutex::default() }
    }

    /// A login of the host's own, had once for all who wait for it now.
    pub(super) async fn instance(&self, login: &InstanceLogin) -> Result<Credential, Arc<Failure>> {
        let had = {
            let mut logins = self.instance_logins.lock().unwrap_or_else(PoisonError::into_inner);
            logins.retain(|_, had| had.upgrade().is_some_and(|had| had.peek().is_none()));
            let under_way = logins.get(login).and_then(WeakShared::upgrade);
            under_way.unwrap_or_else(|| {
                let (instance, of) = (Arc::clone(&self.instance), login.clone());
                let work = async move { instance.credential(of).await };
                let of = login.clone();
                // A panic costs those who wait for this login, not the other pulls.
                let work = AssertUnwindSafe(work).catch_unwind().map(move |had| had.unwrap_or_else(|_| Err(lost(&of))));
                let had = work.boxed().shared();
                logins.extend(had.downgrade().map(|weak| (login.clone(), weak)));
                had
            })
        };
        had.await.map_err(Arc::new)
    }

    /// The secret's current version: kept, or read now.
    pub(super) async fn version(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
    ) -> Result<Arc<Held>, Arc<Failure>> {
        let key = (identity.clone(), secret.clone());
        let read = {
            let mut kept = lock(&self.kept);
            if let Some(held) = kept.values.get(&key).filter(|held| held.at.elapsed() < self.keeping.max_age) {
                return Ok(Arc::clone(held));
            }
            self.read(&mut kept, key)
        };
        read.await
    }

    /// The secret after a registry refused `refused`, which it was shown at `shown`: `None`
    /// when it is still the same version, so that trying again cannot help.
    pub(super) async fn version_after_refusal(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        refused: &Held,
        shown: Instant,
    ) -> Result<Option<Arc<Held>>, Arc<Failure>> {
        let key = (identity.clone(), secret.clone());
        let read = {
            let mut kept = lock(&self.kept);
            // Somebody else was refused too and has asked since: there is another version, or
            // it was asked for after this one was shown to the registry, or just now.
            let is_another = |held: &Held| held.version.version_id != refused.version.version_id;
            let newer = kept.values.get(&key).filter(|held| held.read > refused.read && !held.stale);
            let newer = newer.filter(|held| is_another(held) || held.at >= shown || held.at.elapsed() < CONFIRMED_FOR);
            match newer {
                Some(held) => futures_util::future::Either::Left(std::future::ready(Ok(Arc::clone(held)))),
                None => futures_util::future::Either::Right(self.read(&mut kept, key)),
            }
        };
        let held = read.await?;
        let is_another = held.version.version_id != refused.version.version_id && !held.stale;
        Ok(is_another.then_some(held))
    }

    /// The read of this secret that is under way, or a new one.
    fn read(&self, kept: &mut Kept, key: Key) -> Read {
        if let Some((_, read)) = kept.under_way.get(&key) {
            return read.clone();
        }
        kept.reads += 1;
        let number = kept.reads;
        let (store, turns, shared, keeping) =
            (Arc::clone(&self.store), Arc::clone(&self.turns), Arc::clone(&self.kept), self.keeping);
        let of = key.clone();
        let work = async move {
            let answer = ask(&*store, &turns, &of).await;
            lock(&shared).settle(of, number, answer, keeping)
        };
        // A read that everybody has left must not stand still with its turn in its hand.
        #[expect(clippy::disallowed_methods, reason = "it ends at the store's deadline, whoever waits for it")]
        let task = tokio::spawn(work);
        let (identity, secret) = key.clone();
        let lost = move |_| Err(Arc::new(Failure::from(&SecretError::new(&secret, &identity, SecretFault::Other))));
        let read = async move { task.await.unwrap_or_else(lost) }.boxed().shared();
        kept.under_way.insert(key, (number, read.clone()));
        read
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
        let text = unsealed(store, identity, secret, &version).await?;
        Ok((version, text))
    };
    // A panic in a library costs this secret only, not the other pulls.
    AssertUnwindSafe(asked).catch_unwind().await.unwrap_or_else(|_| Err(failed(SecretFault::Other)))
}

impl Kept {
    /// Keeps a good answer, forgets the value that a bad one contradicts, and serves the old
    /// value where there was no answer at all.
    fn settle(
        &mut self,
        key: Key,
        number: u64,
        answer: Result<(SecretVersion, Secret), Failure>,
        keeping: Keeping,
    ) -> Result<Arc<Held>, Arc<Failure>> {
        if self.under_way.get(&key).is_some_and(|(under_way, _)| *under_way == number) {
            self.under_way.remove(&key);
        }
        let now = Instant::now();
        match answer {
            Ok((version, text)) => {
                let held = Arc::new(Held { version, text, read: number, at: now, stale: false });
                self.values.insert(key, Arc::clone(&held));
                self.make_room(keeping.entries);
                Ok(held)
            }
            Err(failure) => {
                // A host whose identity is gone has an outage of its own, not an answer.
                let is_outage = matches!(failure.class, Class::Unavailable | Class::Throttled | Class::TimedOut)
                    || (failure.link, failure.class) == (Link::HostIdentity, Class::Absent);
                let old = if is_outage { self.values.get(&key) } else { None };
                let limit = keeping.max_age + keeping.max_stale;
                if let Some(old) = old.filter(|old| now.duration_since(old.at) < limit) {
                    tracing::warn!(secret = %key.1, age = ?now.duration_since(old.at), failure = %failure.message, "serving the kept value");
                    let Held { version, text, read, at, .. } = &**old;
                    let (version, text) = (version.clone(), text.clone());
                    return Ok(Arc::new(Held { version, text, read: *read, at: *at, stale: true }));
                }
                self.values.remove(&key);
                Err(Arc::new(failure))
            }
        }
    }

    fn make_room(&mut self, entries: NonZeroUsize) {
        while self.values.len() > entries.get() {
            let oldest = self.values.iter().min_by_key(|(_, held)| held.read).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.values.remove(&oldest);
        }
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
