//! Counts the bytes that the engine downloads, between a pull and its progress observer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::AgentMetrics;
use crate::pull::{ProgressObserver, PullState};

/// Counts downloaded bytes and forwards every update to another observer.
pub struct DownloadCounter<'a> {
    metrics: &'a AgentMetrics,
    observer: &'a dyn ProgressObserver,
    /// Bytes that were downloaded at the last update, by pull.
    last_bytes: Mutex<HashMap<usize, u64>>,
}

impl<'a> DownloadCounter<'a> {
    /// Creates a counter for the pulls of one plan.
    #[must_use]
    pub fn new(metrics: &'a AgentMetrics, observer: &'a dyn ProgressObserver) -> Self {
        Self { metrics, observer, last_bytes: Mutex::default() }
    }
}

impl ProgressObserver for DownloadCounter<'_> {
    fn update(&self, pull: usize, state: &PullState) {
        if let PullState::Pulling(layers) = state {
            let mut last_bytes = self.last_bytes.lock().unwrap_or_else(PoisonError::into_inner);
            let last = last_bytes.entry(pull).or_default();
            // A new attempt starts at zero.
            self.metrics.count_downloaded(layers.bytes.saturating_sub(*last));
            *last = layers.bytes;
        }
        self.observer.update(pull, state);
    }
}
