//! What a pull comes to: the image, or why it is not there, and what it took.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::credential::Provenance;
use crate::error::{Failure, Printable};
use crate::task::Platform;

/// How one pull ended.
#[derive(Clone, Debug)]
pub struct PullOutcome {
    /// The image, or why it is not there.
    pub result: Result<PulledImage, Failure>,
    /// Where the credential came from, once there was one and the pull had its turn.
    pub origin: Option<Provenance>,
    /// The wait for the turn.
    pub waited: Duration,
    /// From the turn to the end.
    pub duration: Duration,
    /// Attempts begun; 0 when the engine was never asked to pull.
    pub attempts: u32,
    /// What there is to know about it, however it ended.
    pub warnings: Vec<Printable>,
    /// Why the way through a pull-through rule was given up for the upstream's own.
    pub fell_back: Option<Box<Failure>>,
    /// Why each attempt but the last one was not the last.
    pub retries: Vec<FailedAttempt>,
}

/// An image that is on the engine now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulledImage {
    /// The manifest's digest, as the registry and the local image have it (F5, F6); none for
    /// a cached image that never was in a registry.
    pub digest: Option<String>,
    /// How it came to be there.
    pub how: PullResultKind,
    /// What it was built for, where it says so.
    pub platform: Option<Platform>,
}

/// How an image came to be on the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullResultKind {
    /// It was fetched.
    Fetched,
    /// It was there, and the registry said that it still is the one (F8).
    UpToDate,
    /// It was there, and that was enough.
    Cached {
        /// Whether the registry has accepted the task's credential for it.
        verified: bool,
        /// The failure of the pull that it stands in for.
        instead_of: Option<Box<Failure>>,
    },
}

/// An attempt that failed and was followed by another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// The number of the next attempt; the first was 1.
    pub attempt: u32,
    /// The wait before it.
    pub wait: Duration,
    /// Why the one before had failed.
    pub failure: Failure,
}

/// What one pull has come to so far; kept outside of it, so that it is known however the
/// pull ends.
#[derive(Default)]
pub(super) struct PullStats(Mutex<StatsInner>);

#[derive(Default)]
struct StatsInner {
    queued: Option<Instant>,
    turn: Option<Instant>,
    origin: Option<Provenance>,
    attempts: u32,
    warnings: Vec<Printable>,
    fell_back: Option<Box<Failure>>,
    retries: Vec<FailedAttempt>,
}

impl PullStats {
    /// It waits for its turn from now on.
    pub(super) fn queues(&self) {
        self.so_far().queued = Some(Instant::now());
    }

    /// Since when it has its turn, the first one where it needs two; from now on if it had none.
    pub(super) fn begun(&self) -> Instant {
        *self.so_far().turn.get_or_insert_with(Instant::now)
    }

    /// It goes on with a credential from there.
    pub(super) fn shows(&self, origin: &Provenance) {
        self.so_far().origin = Some(origin.clone());
    }

    /// An attempt begins; its number, from 1.
    pub(super) fn attempts(&self) -> u32 {
        let mut so_far = self.so_far();
        so_far.attempts += 1;
        so_far.attempts
    }

    pub(super) fn retries(&self, retry: FailedAttempt) {
        self.so_far().retries.push(retry);
    }

    /// The rule's way is given up, and what was shown on it is another registry's.
    pub(super) fn falls_back(&self, failure: Failure) {
        let mut so_far = self.so_far();
        (so_far.fell_back, so_far.origin) = (Some(Box::new(failure)), None);
    }

    pub(super) fn warns(&self, warning: &Printable) {
        self.so_far().warnings.push(warning.clone());
    }

    pub(super) fn closed(self, result: Result<PulledImage, Failure>) -> PullOutcome {
        let StatsInner { queued, turn, origin, attempts, warnings, fell_back, retries } =
            self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let waited = queued.map_or(Duration::ZERO, |queued| turn.unwrap_or(now) - queued);
        let duration = turn.map_or(Duration::ZERO, |turn| now - turn);
        PullOutcome { result, origin, waited, duration, attempts, warnings, fell_back, retries }
    }

    fn so_far(&self) -> MutexGuard<'_, StatsInner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
