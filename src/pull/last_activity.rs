//! The time of the last progress of any pull.
//!
//! The engine downloads a few layers at a time and sends no message about layers that wait for
//! them. Such a silence is not a stall while another pull makes progress.

use tokio::time::Instant;

use crate::sync::Mutex;

#[derive(Debug)]
pub(super) struct LastActivity(Mutex<Instant>);

impl LastActivity {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    /// Records that a pull makes progress now.
    pub(super) fn record(&self) {
        *self.0.lock() = Instant::now();
    }

    pub(super) fn get(&self) -> Instant {
        *self.0.lock()
    }
}
