//! How far the running attempt of a pull has come.

use std::sync::atomic::{AtomicU8, Ordering};

/// How far an attempt has come, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PullStage {
    /// The engine has sent no message: the registry has not answered.
    Silent,
    /// The engine has sent a message.
    Begun,
    /// The engine has reported layers.
    Layers,
}

/// The stage of the running attempt. It outlives the attempt, which a deadline may end.
#[derive(Debug, Default)]
pub(super) struct StageRecord(AtomicU8);

impl StageRecord {
    /// Starts over for a new attempt.
    pub(super) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Records that the attempt has come at least this far.
    pub(super) fn reach(&self, stage: PullStage) {
        self.0.fetch_max(stage as u8, Ordering::Relaxed);
    }

    /// The stage that the attempt has reached.
    pub(super) fn get(&self) -> PullStage {
        match self.0.load(Ordering::Relaxed) {
            0 => PullStage::Silent,
            1 => PullStage::Begun,
            _ => PullStage::Layers,
        }
    }
}
