//! An open request: what the runner has in hand, and what is being done about it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::agent::job::{Job, Timestamp};
use crate::agent::job_events::JobEvents;
use crate::error::Failure;

/// An open request: what the runner has in hand.
pub struct ActiveJob {
    /// What was accepted.
    pub request: Job,
    /// Who is told how it goes.
    pub feed: JobEvents,
    /// Says that somebody called it off.
    pub cancel: CancellationToken,
    phase: Mutex<JobPhase>,
    /// Of the desk.
    changed: Arc<Notify>,
}

/// What is being done about an open request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobPhase {
    /// Nothing yet.
    Queued,
    /// Its images are pulled.
    Running,
    /// It failed for a reason that may pass, and is tried again.
    Waiting {
        /// Why it failed.
        error: Failure,
        /// When it is tried again.
        retry_at: Timestamp,
    },
}

impl ActiveJob {
    pub(super) fn new(request: Job, changed: &Arc<Notify>) -> Self {
        let (phase, changed) = (Mutex::new(JobPhase::Queued), Arc::clone(changed));
        Self { request, feed: JobEvents::default(), cancel: CancellationToken::new(), phase, changed }
    }

    /// What is being done about it.
    #[must_use]
    pub fn phase(&self) -> JobPhase {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(in crate::agent) fn enter(&self, phase: JobPhase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        self.changed.notify_one();
    }
}
