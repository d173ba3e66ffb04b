//! The state of all pulls, as the screen shows it.

use std::time::{Duration, Instant};

use textwrap::core::display_width;

use super::transfer_rate::{TransferRate, time_left};
use crate::pull::{LayerTotals, PullState};

/// The state of all pulls of a run.
#[derive(Debug)]
pub(super) struct ProgressModel {
    /// The pulls, in the order of the plan.
    pub rows: Vec<Row>,
    /// The columns of the longest image name.
    pub longest_name: usize,
    /// The indices of the rows that have ended, in that order.
    pub ended: Vec<usize>,
    /// All bytes that were transferred, including those of failed attempts. The rate is computed from them.
    transferred: u64,
    rate: TransferRate,
}

/// The state of one pull.
#[derive(Debug)]
pub(super) struct Row {
    pub image: String,
    pub state: PullState,
    /// The time of the last update of `state`.
    pub since: Instant,
    /// The time of the first request to the engine.
    pub started: Option<Instant>,
    pub layers: LayerTotals,
    transferred: u64,
    rate: TransferRate,
}

/// The sum of all pulls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub images: usize,
    pub done: usize,
    pub failed: usize,
    /// The images whose layers are downloaded and being unpacked.
    pub extracting: usize,
    pub bytes: u64,
    pub bytes_total: u64,
    pub bytes_per_second: Option<u64>,
    /// The time left, if the images of unknown size are like the others.
    pub time_left: Option<Duration>,
}

impl ProgressModel {
    pub(super) fn new(images: Vec<String>, now: Instant) -> Self {
        let row = |image| Row {
            image,
            state: PullState::Authorizing,
            since: now,
            started: None,
            layers: LayerTotals::default(),
            transferred: 0,
            rate: TransferRate::default(),
        };
        let longest_name = images.iter().map(|image| display_width(image)).max().unwrap_or_default();
        let rows = images.into_iter().map(row).collect();
        Self { rows, longest_name, ended: Vec::new(), transferred: 0, rate: TransferRate::default() }
    }

    /// Sets the state of a pull.
    pub(super) fn update(&mut self, pull: usize, state: &PullState, now: Instant) {
        let row = &mut self.rows[pull];
        if let PullState::Pulling(layers) = state {
            let new_bytes = layers.bytes.saturating_sub(row.layers.bytes);
            row.layers = *layers;
            row.started.get_or_insert(now);
            row.transferred = row.transferred.saturating_add(new_bytes);
            row.rate.record(now, row.transferred);
            self.transferred = self.transferred.saturating_add(new_bytes);
            self.rate.record(now, self.transferred);
        }
        if !row.has_ended() && is_end(state) {
            self.ended.push(pull);
        } else if row.has_ended() && !is_end(state) {
            // The agent retries a request after its pulls have ended.
            self.ended.retain(|ended| *ended != pull);
        }
        row.state = state.clone();
        row.since = now;
    }

    pub(super) fn summary(&self, now: Instant) -> Summary {
        let bytes_per_second = self.rate.bytes_per_second(now);
        let mut summary = Summary { images: self.rows.len(), bytes_per_second, ..Summary::default() };
        let (mut known_sizes, mut unknown_sizes) = (0_u64, 0_u64);
        for row in &self.rows {
            match row.state {
                PullState::Done(_) => summary.done += 1,
                PullState::Failed(_) => summary.failed += 1,
                PullState::Pulling(LayerTotals { extraction: Some(_), .. }) => summary.extracting += 1,
                _ => {}
            }
            // The missing bytes of a failed pull will not be transferred.
            let total = if let PullState::Failed(_) = row.state { row.layers.bytes } else { row.layers.bytes_total };
            summary.bytes = summary.bytes.saturating_add(row.layers.bytes);
            summary.bytes_total = summary.bytes_total.saturating_add(total);
            *if row.has_ended() || total > 0 { &mut known_sizes } else { &mut unknown_sizes } += 1;
        }
        let mean_size = summary.bytes_total.checked_div(known_sizes).unwrap_or_default();
        let missing =
            summary.bytes_total.saturating_sub(summary.bytes).saturating_add(mean_size.saturating_mul(unknown_sizes));
        if missing > 0 {
            summary.time_left = bytes_per_second.and_then(|rate| time_left(missing, rate));
        }
        summary
    }
}

impl Row {
    pub(super) fn has_ended(&self) -> bool {
        is_end(&self.state)
    }

    /// Whether neither the engine nor the registry has been asked for the image yet.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, PullState::Authorizing | PullState::Waiting)
    }

    /// The rate of the download; `None` once everything is downloaded.
    pub(super) fn bytes_per_second(&self, now: Instant) -> Option<u64> {
        self.rate.bytes_per_second(now).filter(|_| self.missing_bytes() > 0)
    }

    /// The time until everything is downloaded; `None` if it is.
    pub(super) fn time_left(&self, now: Instant) -> Option<Duration> {
        time_left(self.missing_bytes(), self.bytes_per_second(now)?)
    }

    fn missing_bytes(&self) -> u64 {
        self.layers.bytes_total.saturating_sub(self.layers.bytes)
    }
}

fn is_end(state: &PullState) -> bool {
    matches!(state, PullState::Done(_) | PullState::Failed(_))
}
