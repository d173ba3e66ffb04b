//! When anything last moved in any pull of a run.
//!
//! The engine downloads a few layers at a time and says nothing about those that wait for
//! their turn: their silence is no stall while another pull moves.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// The last movement of all pulls together.
#[derive(Debug)]
pub(super) struct LastActivity(Mutex<Instant>);

impl LastActivity {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    /// Something moved, now.
    pub(super) fn mark(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(super) fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
