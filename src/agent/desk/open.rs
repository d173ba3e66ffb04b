//! An open request: what the runner has in hand, and what is being done about it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::agent::feed::Feed;
use crate::agent::request::{Moment, Request};
use crate::error::Failure;

/// An open request: what the runner has in hand.
pub struct Open {
    /// What was accepted.
    pub request: Request,
    /// Who is told how it goes.
    pub feed: Feed,
    /// Says that somebody called it off.
    pub cancel: CancellationToken,
    phase: Mutex<Phase>,
    /// Of the desk.
    changed: Arc<Notify>,
}

/// What is being done about an open request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing yet.
    Queued,
    /// Its images are pulled.
    Running,
    /// It failed for a reason that may pass, and is tried again.
    Waiting {
        /// Why it failed.
        error: Failure,
        /// When it is tried again.
        retry_at: Moment,
    },
}

impl Open {
    pub(super) fn new(request: Request, changed: &Arc<Notify>) -> Self {
        let (phase, changed) = (Mutex::new(Phase::Queued), Arc::clone(changed));
        Self { request, feed: Feed::default(), cancel: CancellationToken::new(), phase, changed }
    }

    /// What is being done about it.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(in crate::agent) fn enter(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        self.changed.notify_one();
    }
}
