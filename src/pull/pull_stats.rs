//! Statistics that are collected while a pull runs.

use std::time::Duration;

use tokio::time::Instant;

use super::pull_outcome::{FailedAttempt, PullOutcome};
use super::pulled_image::PulledImage;
use crate::credential::Provenance;
use crate::error::{Failure, Warning};
use crate::sync::Mutex;

/// The statistics of one pull. They are stored outside its future, so that they survive when the
/// pull is cancelled.
#[derive(Default)]
pub(super) struct PullStats(Mutex<Collected>);

#[derive(Default)]
struct Collected {
    queued_at: Option<Instant>,
    started_at: Option<Instant>,
    provenance: Option<Provenance>,
    attempts: u32,
    warnings: Vec<Warning>,
    fallback: Option<Box<Failure>>,
    retries: Vec<FailedAttempt>,
}

impl PullStats {
    /// Records that the pull waits for a permit from now on.
    pub(super) fn record_queued(&self) {
        self.0.lock().queued_at = Some(Instant::now());
    }

    /// Records that the pull has a permit, and returns the time of its first one. A pull that falls
    /// back acquires a second permit; its deadline still counts from the first.
    pub(super) fn record_start(&self) -> Instant {
        *self.0.lock().started_at.get_or_insert_with(Instant::now)
    }

    /// Records the credential that the pull uses from now on.
    pub(super) fn record_credential(&self, provenance: &Provenance) {
        self.0.lock().provenance = Some(provenance.clone());
    }

    /// Counts a new attempt and returns its number, from 1.
    pub(super) fn start_attempt(&self) -> u32 {
        let mut collected = self.0.lock();
        collected.attempts += 1;
        collected.attempts
    }

    /// Records an attempt that failed and is retried.
    pub(super) fn add_retry(&self, retry: FailedAttempt) {
        self.0.lock().retries.push(retry);
    }

    /// Records why the pull falls back to the upstream registry. The credential of the
    /// pull-through cache belongs to another registry, so it is no longer this pull's.
    pub(super) fn record_fallback(&self, failure: Failure) {
        let mut collected = self.0.lock();
        collected.fallback = Some(Box::new(failure));
        collected.provenance = None;
    }

    /// Records a warning for the user.
    pub(super) fn add_warning(&self, warning: &Warning) {
        self.0.lock().warnings.push(warning.clone());
    }

    /// Ends the pull with this result.
    pub(super) fn into_outcome(self, result: Result<PulledImage, Failure>) -> PullOutcome {
        let Collected { queued_at, started_at, provenance, attempts, warnings, fallback, retries } =
            self.0.into_inner();
        let now = Instant::now();
        PullOutcome {
            result,
            provenance,
            waited: queued_at.map_or(Duration::ZERO, |queued_at| started_at.unwrap_or(now) - queued_at),
            duration: started_at.map_or(Duration::ZERO, |started_at| now - started_at),
            attempts,
            warnings,
            fallback,
            retries,
        }
    }
}
