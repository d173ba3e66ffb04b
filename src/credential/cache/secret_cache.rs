//! What is kept of the secrets that were read, and when each is asked for again.
//!
//! A value's life is a matter of its age:
//!
//! - until `max_age` it serves; from a moment between three quarters of that time and nineteen
//!   twentieths whoever uses it has it asked for again, so that what is in use is renewed
//!   before anybody must wait for it. The moment is left to chance, or hosts that started
//!   together would ask together;
//! - until `max_stale` after that it serves while AWS does not answer, and is stale;
//! - a denial, a deletion or any other answer that is not a value ends it at once;
//! - once a registry has refused it for an image, and AWS did not answer whether there is
//!   another, it is shown for that image's repository no more.
//!
//! Beyond its life nothing of a value is held but when it was read. Time and chance come in
//! as values.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::boot_clock;
use crate::aws::SecretVersion;
use crate::credential::SecretNames;
use crate::error::{Failure, Printable};
use crate::secret::Secret;
use crate::task::ImageReference;

/// After a read that had no answer, the next one waits up to this long: an outage must not
/// cost every pull its deadline.
pub(super) const PAUSE: Duration = Duration::from_secs(5);

/// What is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheConfig {
    /// A value younger than this serves, whether AWS answers or not.
    pub max_age: Duration,
    /// A value this much older serves when AWS does not answer.
    pub max_stale: Duration,
    /// Values kept at most; the one read longest ago goes first.
    pub entries: NonZeroUsize,
}

impl CacheConfig {
    fn life(&self) -> Duration {
        self.max_age.saturating_add(self.max_stale)
    }
}

/// A version of a secret, and how it came to be here.
#[derive(Debug)]
pub(in crate::credential) struct CachedSecret {
    pub(in crate::credential) version: SecretVersion,
    /// Its names, for those who tell of it.
    pub(in crate::credential) names: Arc<SecretNames>,
    /// What it holds, decrypted where it was sealed.
    pub(in crate::credential) text: Secret,
    /// Which read it came from; they are counted.
    pub(super) read: u64,
    /// What that read was begun for, and when.
    pub(super) begun: FetchStart,
    /// When it was read, by [`clock`].
    pub(super) at: Instant,
    max_age: Duration,
}

/// When a read began, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchStart {
    pub(super) at: Instant,
    /// A registry had refused what was known until then.
    pub(super) after_refusal: bool,
}

impl FetchStart {
    /// Whether what it finds can speak of a credential that was shown at `shown` and has been
    /// refused. What began before that may know nothing of the rotation behind the refusal.
    pub(super) fn speaks_of(self, shown: Instant) -> bool {
        self.after_refusal || self.at >= shown
    }
}

impl CachedSecret {
    /// Whether it is the same version, whenever it was read.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.version.version_id == other.version.version_id
    }

    /// Its age, if that is more than `max_age`: then it serves only because AWS does not answer.
    pub(in crate::credential) fn stale(&self) -> Option<Duration> {
        let age = boot_clock::since(self.at);
        (age >= self.max_age).then_some(age)
    }
}

/// What there is for whoever wants a secret.
pub(super) enum Lookup {
    /// A value that serves.
    Serves(Arc<CachedSecret>),
    /// A value that serves and is to be asked for again.
    Due(Arc<CachedSecret>),
    /// Nothing that serves before AWS was asked.
    Nothing,
}

/// The last answer for each key.
pub(super) struct SecretCache<K> {
    keeping: CacheConfig,
    entries: HashMap<K, CacheEntry>,
}

struct CacheEntry {
    /// When it was read.
    at: Instant,
    /// Before this nobody asks for it again.
    ask_at: Instant,
    /// What was read, until its life is over.
    held: Option<Arc<CachedSecret>>,
    doubt: Option<Quarantine>,
    /// The repositories that the read before had left in doubt, and this one has not: it found
    /// the same value.
    confirmed: HashSet<String>,
}

/// A registry has refused the value, and AWS did not say whether there is another.
struct Quarantine {
    /// The repositories that it was refused for, whatever the tag.
    repositories: HashSet<String>,
    outage: Arc<Failure>,
}

impl<K: Clone + Eq + Hash> SecretCache<K> {
    pub(super) fn new(keeping: CacheConfig) -> Self {
        Self { keeping, entries: HashMap::new() }
    }

    pub(super) fn find(&mut self, key: &K, now: Instant) -> Lookup {
        self.end_lives(now);
        let Some(CacheEntry { at, ask_at, held: Some(held), doubt, .. }) = self.entries.get(key) else {
            return Lookup::Nothing;
        };
        if now < *ask_at {
            Lookup::Serves(Arc::clone(held))
        } else if now.duration_since(*at) < self.keeping.max_age && doubt.is_none() {
            Lookup::Due(Arc::clone(held))
        } else {
            Lookup::Nothing
        }
    }

    /// The last value, however old.
    pub(super) fn last(&self, key: &K) -> Option<&Arc<CachedSecret>> {
        self.entries.get(key)?.held.as_ref()
    }

    /// What the read of this number has brought, for those who waited for it.
    pub(super) fn held(
        &self,
        (version, text): (SecretVersion, Secret),
        read: u64,
        begun: FetchStart,
        now: Instant,
    ) -> Arc<CachedSecret> {
        let names = Arc::new(SecretNames::from(&version));
        Arc::new(CachedSecret { version, names, text, read, begun, at: now, max_age: self.keeping.max_age })
    }

    /// Keeps it for others.
    pub(super) fn keep(&mut self, key: K, held: Arc<CachedSecret>, now: Instant, chance: f64) {
        self.end_lives(now);
        let ask_at = now + held.max_age.mul_f64(0.95 - 0.2 * chance.clamp(0.0, 1.0));
        let confirmed = match self.entries.remove(&key) {
            Some(CacheEntry { held: Some(before), doubt: Some(doubt), .. }) if before.is(&held) => doubt.repositories,
            _ => HashSet::new(),
        };
        self.entries.insert(key, CacheEntry { at: held.at, ask_at, held: Some(held), doubt: None, confirmed });
        self.make_room();
    }

    /// A read has failed, for all who waited for it: with this failure.
    pub(super) fn failed(&mut self, key: &K, mut failure: Failure, now: Instant, chance: f64) -> Failure {
        self.end_lives(now);
        if !failure.is_outage() {
            self.entries.remove(key);
            return failure;
        }
        let Some(entry) = self.entries.get_mut(key) else { return failure };
        let ago = seconds(now.duration_since(entry.at));
        if entry.held.is_some() {
            entry.ask_at = now + PAUSE.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0));
            tracing::warn!(failure = %failure.message, age = %ago, "the kept value serves");
        } else {
            let since =
                format!("{}; it was last read {ago} ago, too long for that value to serve still", failure.message);
            failure.message = Printable::new(&since);
        }
        failure
    }

    /// The value that serves though a read has failed so.
    pub(super) fn instead(&self, key: &K, failure: Arc<Failure>) -> Result<Arc<CachedSecret>, Arc<Failure>> {
        let held = self.last(key).filter(|_| failure.is_outage());
        held.map(Arc::clone).ok_or(failure)
    }

    /// A registry has refused this value for this image, and reading it again has failed so.
    /// If another one has come meanwhile, that is what there is.
    pub(super) fn refused(
        &mut self,
        key: &K,
        image: &ImageReference,
        value: &CachedSecret,
        failure: Arc<Failure>,
    ) -> Result<Arc<CachedSecret>, Arc<Failure>> {
        let Some(CacheEntry { held: Some(held), doubt, .. }) =
            self.entries.get_mut(key).filter(|_| failure.is_outage())
        else {
            return Err(failure);
        };
        if !held.is(value) {
            return Ok(Arc::clone(held));
        }
        let doubt = doubt.get_or_insert_with(|| Quarantine { repositories: HashSet::new(), outage: failure });
        doubt.repositories.insert(image.name());
        Err(doubt.about(held, image))
    }

    /// Whether a second refusal of this value for this image is for good without another read.
    pub(super) fn confirms(&self, key: &K, image: &ImageReference, value: &CachedSecret) -> bool {
        let is_it = |entry: &&CacheEntry| entry.held.as_ref().is_some_and(|held| held.read == value.read);
        self.entries.get(key).filter(is_it).is_some_and(|entry| entry.confirmed.contains(&image.name()))
    }

    /// Why this value may not be shown for this image any more, though somebody has it.
    pub(super) fn doubted(&self, key: &K, image: &ImageReference, value: &CachedSecret) -> Option<Arc<Failure>> {
        let CacheEntry { held: Some(held), doubt: Some(doubt), .. } = self.entries.get(key)? else { return None };
        let is_refused = held.is(value) && doubt.repositories.contains(&image.name());
        is_refused.then(|| doubt.about(held, image))
    }

    /// Lets go of the values whose life is over; when they were read is remembered.
    fn end_lives(&mut self, now: Instant) {
        let life = self.keeping.life();
        for entry in self.entries.values_mut().filter(|entry| now.duration_since(entry.at) >= life) {
            (entry.held, entry.doubt) = (None, None);
        }
    }

    fn make_room(&mut self) {
        while self.entries.len() > self.keeping.entries.get() {
            let read = |entry: &CacheEntry| entry.held.as_ref().map_or(0, |held| held.read);
            let oldest = self.entries.iter().min_by_key(|(_, entry)| read(entry)).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.entries.remove(&oldest);
        }
    }
}

impl Quarantine {
    /// The failure of an image of such a repository.
    fn about(&self, held: &CachedSecret, image: &ImageReference) -> Arc<Failure> {
        let (ago, repository) = (seconds(boot_clock::since(held.at)), image.name());
        let said = format!("{}; what it held {ago} ago was refused for {repository}", self.outage.message);
        Arc::new(Failure { message: Printable::new(&said), ..(*self.outage).clone() })
    }
}

fn seconds(age: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(age.as_secs()))
}
