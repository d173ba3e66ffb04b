//! A job that has not ended.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::agent::job::Job;
use crate::agent::job_events::JobEvents;
use crate::agent::timestamp::Timestamp;
use crate::error::Failure;

/// A job that has not ended, shared by the job store, the worker and the API.
pub struct ActiveJob {
    /// The job as it was accepted.
    pub job: Job,
    /// The progress of its pulls.
    pub events: JobEvents,
    /// Cancelled when the job is to end early.
    pub cancel: CancellationToken,
    phase: Mutex<JobPhase>,
    /// The notification of the job store, for changes of the phase.
    changed: Arc<Notify>,
}

/// What the worker is doing for a job that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobPhase {
    /// The job waits for its first run, or for a permit.
    Queued,
    /// Its images are being pulled.
    Running,
    /// The last run failed with a temporary error, and the job waits for its next run.
    Waiting {
        /// Why the last run failed.
        error: Failure,
        /// When the next run starts.
        retry_at: Timestamp,
    },
}

impl ActiveJob {
    pub(super) fn new(job: Job, changed: &Arc<Notify>) -> Self {
        let (phase, changed) = (Mutex::new(JobPhase::Queued), Arc::clone(changed));
        Self { job, events: JobEvents::default(), cancel: CancellationToken::new(), phase, changed }
    }

    /// What the worker is doing for the job now.
    #[must_use]
    pub fn phase(&self) -> JobPhase {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(in crate::agent) fn set_phase(&self, phase: JobPhase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        self.changed.notify_one();
    }
}
