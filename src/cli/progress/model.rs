//! Where all pulls stand, as far as a person wants to see it.

use std::time::{Duration, Instant};

use textwrap::core::display_width;

use super::rate::{Rate, left};
use crate::pipeline::{LayerTotals, PullState};

/// All pulls of a run, in the plan's order.
#[derive(Debug)]
pub(super) struct ProgressModel {
    pub rows: Vec<Row>,
    /// Columns of the longest name.
    pub longest: usize,
    /// The rows that have ended, as they did.
    pub ended: Vec<usize>,
    /// Bytes that have come, of attempts that were in vain too: what the rate is made of.
    moved: u64,
    rate: Rate,
}

/// One pull.
#[derive(Debug)]
pub(super) struct Row {
    pub image: String,
    pub state: PullState,
    /// When this state began.
    pub since: Instant,
    /// When the engine was first asked.
    pub begun: Option<Instant>,
    pub layers: LayerTotals,
    moved: u64,
    rate: Rate,
}

/// All pulls in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub images: usize,
    pub there: usize,
    pub failed: usize,
    pub bytes: u64,
    pub bytes_total: u64,
    pub per_second: Option<u64>,
    /// With what is not begun yet taken to be like the rest.
    pub left: Option<Duration>,
}

impl ProgressModel {
    pub(super) fn new(images: Vec<String>, now: Instant) -> Self {
        let row = |image| Row {
            image,
            state: PullState::Authorizing,
            since: now,
            begun: None,
            layers: LayerTotals::default(),
            moved: 0,
            rate: Rate::default(),
        };
        let longest = images.iter().map(|image| display_width(image)).max().unwrap_or_default();
        let rows = images.into_iter().map(row).collect();
        Self { rows, longest, ended: Vec::new(), moved: 0, rate: Rate::default() }
    }

    pub(super) fn take(&mut self, pull: usize, state: &PullState, now: Instant) {
        let row = &mut self.rows[pull];
        if let PullState::Pulling(layers) = state {
            let came = layers.bytes.saturating_sub(row.layers.bytes);
            row.layers = *layers;
            row.begun.get_or_insert(now);
            row.moved = row.moved.saturating_add(came);
            row.rate.take(now, row.moved);
            self.moved = self.moved.saturating_add(came);
            self.rate.take(now, self.moved);
        }
        if !row.has_ended() && is_end(state) {
            self.ended.push(pull);
        } else if row.has_ended() && !is_end(state) {
            // The agent tries a request again.
            self.ended.retain(|ended| *ended != pull);
        }
        row.state = state.clone();
        row.since = now;
    }

    pub(super) fn sum(&self, now: Instant) -> Sum {
        let mut sum = Sum { images: self.rows.len(), per_second: self.rate.per_second(now), ..Sum::default() };
        let (mut known, mut unknown) = (0_u64, 0_u64);
        for row in &self.rows {
            match row.state {
                PullState::Done(_) => sum.there += 1,
                PullState::Failed(_) => sum.failed += 1,
                _ => {}
            }
            // What a failed pull did not bring nobody waits for.
            let total = if let PullState::Failed(_) = row.state { row.layers.bytes } else { row.layers.bytes_total };
            sum.bytes = sum.bytes.saturating_add(row.layers.bytes);
            sum.bytes_total = sum.bytes_total.saturating_add(total);
            *if row.has_ended() || total > 0 { &mut known } else { &mut unknown } += 1;
        }
        let mean = sum.bytes_total.checked_div(known).unwrap_or_default();
        let missing = (sum.bytes_total - sum.bytes.min(sum.bytes_total)).saturating_add(mean.saturating_mul(unknown));
        if missing > 0 {
            sum.left = sum.per_second.and_then(|per_second| left(missing, per_second));
        }
        sum
    }
}

impl Row {
    pub(super) fn has_ended(&self) -> bool {
        is_end(&self.state)
    }

    /// Whether nothing has been asked of the engine or the registry for it.
    pub(super) fn waits(&self) -> bool {
        matches!(self.state, PullState::Authorizing | PullState::Waiting)
    }

    pub(super) fn per_second(&self, now: Instant) -> Option<u64> {
        self.rate.per_second(now)
    }

    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        left(self.layers.bytes_total - self.layers.bytes.min(self.layers.bytes_total), self.per_second(now)?)
    }
}

fn is_end(state: &PullState) -> bool {
    matches!(state, PullState::Done(_) | PullState::Failed(_))
}
