//! What the engine downloads, counted on its way to whoever watches the pulls.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Metrics;
use crate::pipeline::{ProgressObserver, PullState};

/// A progress that counts bytes, and tells another one everything.
pub struct Downloads<'a> {
    metrics: &'a Metrics,
    to: &'a dyn ProgressObserver,
    /// How far each pull was.
    before: Mutex<HashMap<usize, u64>>,
}

impl<'a> Downloads<'a> {
    /// Of one plan's pulls.
    #[must_use]
    pub fn new(metrics: &'a Metrics, to: &'a dyn ProgressObserver) -> Self {
        Self { metrics, to, before: Mutex::default() }
    }
}

impl ProgressObserver for Downloads<'_> {
    fn update(&self, pull: usize, state: &PullState) {
        if let PullState::Pulling(layers) = state {
            let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
            let before = before.entry(pull).or_default();
            // Another attempt begins with nothing.
            self.metrics.downloaded(layers.bytes.saturating_sub(*before));
            *before = layers.bytes;
        }
        self.to.update(pull, state);
    }
}
