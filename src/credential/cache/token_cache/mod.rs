//! ECR's tokens: had once for everybody who may have them, and renewed ahead of their end.
//!
//! As for secrets, what is kept is kept under what it is and **who** asked for it; one read
//! at a time is shared by all who wait and outlives whoever began it; and nobody waits for
//! one that is ahead of its time. What differs is a token's life, which is its own:
//!
//! - from a moment between three quarters of it and nineteen twentieths whoever uses the
//!   token has the next one got (D3); left to chance, or hosts that started together would
//!   ask together;
//! - while AWS does not answer it serves to its end and never past it;
//! - one that is over when it comes serves those who waited for it, and nobody else;
//! - where there is none and the pull goes on without, in ECR Public, that is remembered for a
//!   while: an outage must not cost every pull its deadline;
//! - a registry's refusal is a reason to get another one, once: a token that was got because
//!   of a refusal and is refused too shows that the fault is not the token's.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::secret_cache::PAUSE;
use super::{boot_clock, lock};
use crate::aws::{AwsError, AwsErrorKind, RegistryToken, TokenScope};
use crate::credential::{CredentialKind, CredentialObserver, CredentialServed, SecretStore, ServedFrom, TokenStore};
use crate::error::Failure;
use crate::identity::Identity;

/// How long a token serves that does not say when it ends: a fraction of the 12 hours that
/// all of them last (D3).
const UNSAID_LIFE: Duration = Duration::from_hours(1);

/// For this long a refusal of a token that was itself got because of a refusal is final, so
/// that a permission that is missing for a thousand images is not a thousand tokens (N2).
const RENEWED_FOR: Duration = Duration::from_mins(1);

/// For this long whoever can have no token of ECR Public is not asked for one again.
const WITHOUT_FOR: Duration = Duration::from_mins(1);

/// Who asks for which token: the key of everything that is kept.
pub(crate) type TokenKey = (Identity, TokenScope);

type Read = Shared<BoxFuture<'static, Result<Arc<CachedToken>, Arc<Failure>>>>;

/// A token, and how it came to be here.
#[derive(Debug)]
pub(crate) struct CachedToken {
    pub(crate) token: RegistryToken,
    /// Which read it came from; they are counted.
    read: u64,
    at: Instant,
    /// A registry had refused the one before it.
    after_refusal: bool,
    ends: Instant,
}

/// The tokens of a store.
pub(crate) struct TokenCache<S> {
    store: Arc<S>,
    state: Arc<Mutex<State>>,
    watch: Arc<dyn CredentialObserver>,
}

struct State {
    count: u64,
    entries: NonZeroUsize,
    under_way: HashMap<TokenKey, Read>,
    kept: HashMap<TokenKey, Entry>,
    /// Who has none of ECR Public, since when, and why.
    without: HashMap<TokenKey, (Instant, Arc<Failure>)>,
}

/// The last token for a key. One that is over stays for a while, to be compared with.
struct Entry {
    held: Arc<CachedToken>,
    /// Before this nobody asks for another one.
    ask_at: Instant,
}

impl<S: TokenStore> TokenCache<S> {
    /// Keeps at most `entries` tokens; the one that was got longest ago goes first.
    pub(crate) fn new(store: Arc<S>, entries: NonZeroUsize) -> Self {
        let (under_way, kept, without) = (HashMap::new(), HashMap::new(), HashMap::new());
        let state = State { count: 0, entries, under_way, kept, without };
        Self { store, state: Arc::new(Mutex::new(state)), watch: Arc::new(()) }
    }

    /// The same, telling `watch` of what it serves.
    pub(crate) fn watched_by(self, watch: Arc<dyn CredentialObserver>) -> Self {
        Self { watch, ..self }
    }

    /// The token: kept, or got now.
    pub(crate) async fn token(&self, key: &TokenKey) -> Result<Arc<CachedToken>, Arc<Failure>> {
        let read = {
            let mut state = lock(&self.state);
            let now = boot_clock::now();
            let kept = state.kept.get(key).filter(|entry| now < entry.held.ends);
            let kept = kept.map(|entry| (Arc::clone(&entry.held), now < entry.ask_at));
            match kept {
                Some((held, true)) => return Ok(self.served(held, ServedFrom::Cache)),
                Some((held, false)) => {
                    // The read goes on by itself.
                    drop(self.read(&mut state, key, false));
                    return Ok(self.served(held, ServedFrom::Cache));
                }
                None => match state.without.get(key).filter(|(since, _)| now < *since + WITHOUT_FOR) {
                    Some((_, failure)) => return Err(Arc::clone(failure)),
                    None => self.read(&mut state, key, false),
                },
            }
        };
        Ok(self.served(read.await?, ServedFrom::Fetch))
    }

    fn served(&self, held: Arc<CachedToken>, from: ServedFrom) -> Arc<CachedToken> {
        self.watch.credential_served(&CredentialServed {
            kind: CredentialKind::Token,
            source: from,
            age: boot_clock::since(held.at),
        });
        held
    }

    /// Another token after a registry refused this one; `None` where there is none that could
    /// fare better.
    pub(crate) async fn token_after_refusal(
        &self,
        key: &TokenKey,
        refused: &CachedToken,
    ) -> Result<Option<Arc<CachedToken>>, Arc<Failure>> {
        let read = {
            let mut state = lock(&self.state);
            let newer = state.kept.get(key).map(|entry| &entry.held).filter(|held| held.read > refused.read);
            if let Some(newer) = newer {
                return Ok(Some(self.served(Arc::clone(newer), ServedFrom::Cache)));
            }
            if refused.after_refusal && boot_clock::since(refused.at) < RENEWED_FOR {
                return Ok(None);
            }
            self.read(&mut state, key, true)
        };
        let held = read.await?;
        let is_another = held.read > refused.read && !held.is_same(refused);
        Ok(is_another.then(|| self.served(held, ServedFrom::Fetch)))
    }

    /// The read of this token that is under way, or a new one.
    fn read(&self, state: &mut State, key: &TokenKey, after_refusal: bool) -> Read {
        // One that was lost with its runtime has settled nothing.
        if let Some(read) = state.under_way.get(key).filter(|read| read.peek().is_none()) {
            return read.clone();
        }
        state.count += 1;
        let number = state.count;
        let (store, shared, of) = (Arc::clone(&self.store), Arc::clone(&self.state), key.clone());
        let work = async move {
            let answer = ask(&*store, &of).await;
            lock(&shared).settle(&of, (number, after_refusal), answer)
        };
        #[expect(clippy::disallowed_methods, reason = "it ends at the store's deadline, whoever waits for it")]
        let task = tokio::spawn(work.in_current_span());
        let (identity, scope) = key.clone();
        let lost = move |_| Err(Arc::new(Failure::from(AwsError::for_token(&scope, &identity, AwsErrorKind::Other))));
        let read = async move { task.await.unwrap_or_else(lost) }.boxed().shared();
        state.under_way.insert(key.clone(), read.clone());
        read
    }
}

/// Gets a token within one deadline.
async fn ask<S: TokenStore>(store: &S, (identity, scope): &TokenKey) -> Result<RegistryToken, Failure> {
    let failed = |fault| Failure::from(AwsError::for_token(scope, identity, fault));
    let end = Instant::now() + SecretStore::deadline(store);
    tracing::debug!(%scope, identity = identity.name(), "getting a token");
    // A panic in a library costs those who wait for this token, not the other pulls.
    let asked = AssertUnwindSafe(store.token(identity, scope, end)).catch_unwind();
    match timeout_at(end, asked).await {
        Ok(Ok(answer)) => answer.map_err(Failure::from),
        Ok(Err(_)) => Err(failed(AwsErrorKind::Other)),
        Err(_) => Err(failed(AwsErrorKind::TimedOut)),
    }
}

impl State {
    /// Takes a read's answer to what is kept; those who waited get what comes of it.
    fn settle(
        &mut self,
        key: &TokenKey,
        (read, after_refusal): (u64, bool),
        answer: Result<RegistryToken, Failure>,
    ) -> Result<Arc<CachedToken>, Arc<Failure>> {
        self.under_way.remove(key);
        let (now, chance) = (boot_clock::now(), fastrand::f64());
        let settled = match answer {
            Ok(token) => {
                let life = life(token.expires, SystemTime::now());
                let held = Arc::new(CachedToken { token, read, at: now, after_refusal, ends: now + life });
                let ask_at = now + life.mul_f64(0.95 - 0.2 * chance);
                self.kept.insert(key.clone(), Entry { held: Arc::clone(&held), ask_at });
                self.make_room(now);
                Ok(held)
            }
            Err(failure) => {
                if !failure.is_outage() {
                    self.kept.remove(key);
                } else if let Some(entry) = self.kept.get_mut(key).filter(|entry| now < entry.held.ends) {
                    // Whoever waited has none that serves, or one that was refused.
                    entry.ask_at = now + PAUSE.mul_f64(0.5 + 0.5 * chance);
                    tracing::warn!(failure = %failure.message, "the kept token serves to its end");
                }
                Err(Arc::new(failure))
            }
        };
        self.without.retain(|_, (since, _)| now < *since + WITHOUT_FOR);
        if let (Err(failure), (_, TokenScope::EcrPublic)) = (&settled, key) {
            self.without.insert(key.clone(), (now, Arc::clone(failure)));
        }
        settled
    }

    fn make_room(&mut self, now: Instant) {
        self.kept.retain(|_, entry| now < entry.held.ends.max(entry.held.at + RENEWED_FOR));
        while self.kept.len() > self.entries.get() {
            let oldest = self.kept.iter().min_by_key(|(_, entry)| entry.held.read).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.kept.remove(&oldest);
        }
    }
}

impl CachedToken {
    #[expect(clippy::disallowed_methods, reason = "compared with another one, and not shown")]
    fn is_same(&self, other: &Self) -> bool {
        self.token.password.expose() == other.token.password.expose()
    }
}

/// How long a token serves from now on.
fn life(expires: Option<SystemTime>, now: SystemTime) -> Duration {
    expires.map_or(UNSAID_LIFE, |end| end.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests;
