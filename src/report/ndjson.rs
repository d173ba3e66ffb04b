//! The events of one run as lines of JSON, for a reader that may be slow.
//!
//! Events wait in memory, so that no pull waits for a reader. The progress of a pull is sent at most
//! twice a second, and not at all to a reader that is far behind; no other event is dropped.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use super::event::Event;
use super::run_report::Report;
use super::subject::Subject;
use crate::error::Failure;
use crate::pull::{LayerTotals, ProgressObserver, PullState};

/// Minimum time between two progress events of one pull.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// Number of waiting bytes above which progress events are dropped.
const BACKLOG_LIMIT: usize = 1 << 20;

/// The lines that wait for one reader.
#[derive(Default)]
pub struct EventQueue {
    state: Mutex<QueueState>,
    changed: Notify,
}

/// The events of one run, which it writes as the progress of its pulls.
pub struct EventLog {
    subjects: Vec<Subject>,
    /// The lines that wait for the reader.
    pub queue: EventQueue,
}

#[derive(Default)]
struct QueueState {
    waiting: Vec<u8>,
    pulls: HashMap<usize, PullProgress>,
    /// No further event follows.
    is_closed: bool,
}

#[derive(Clone, Copy, Default)]
struct PullProgress {
    layers: LayerTotals,
    /// When the last progress event of the pull was sent.
    sent: Option<Instant>,
}

impl EventQueue {
    /// Waits for the next lines; `None` when the queue is empty and closed. For one reader.
    pub async fn next(&self) -> Option<Vec<u8>> {
        loop {
            {
                let mut state = self.state();
                if !state.waiting.is_empty() {
                    return Some(std::mem::take(&mut state.waiting));
                }
                if state.is_closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Adds the new state of a pull.
    pub fn update(&self, subject: &Subject, pull_state: &PullState) {
        let layers = {
            let mut state = self.state();
            let (is_behind, now) = (state.waiting.len() > BACKLOG_LIMIT, Instant::now());
            let pull = state.pulls.entry(subject.pull).or_default();
            if let PullState::Pulling(layers) = pull_state {
                let is_new_state = pull.layers.extraction.is_some() != layers.extraction.is_some();
                pull.layers = *layers;
                let is_recent = pull.sent.is_some_and(|sent| now.duration_since(sent) < PROGRESS_INTERVAL);
                let is_early = is_recent && !is_new_state;
                if layers.total > 0 && (is_early || is_behind) {
                    return;
                }
                pull.sent = Some(now);
            }
            pull.layers
        };
        self.push(|| Event::from_state(subject, pull_state, layers, SystemTime::now()));
    }

    /// Adds that the run is repeated at a later time.
    pub fn postpone(&self, error: &Failure, retry_at: &str) {
        self.push(|| Event::from_postponement(error, retry_at, SystemTime::now()));
    }

    /// Adds the report as the last line, and closes the queue.
    pub fn end(&self, report: &Report) {
        self.push(|| Event::from_report(report, SystemTime::now()));
        self.close();
    }

    /// Closes the queue: the run has no report, or the reader has gone away.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    fn push<'a>(&'a self, event: impl FnOnce() -> Event<'a>) {
        let state = &mut *self.state();
        if !state.is_closed {
            write_line(&mut state.waiting, &event());
            self.changed.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventLog {
    /// The log of a run with these pulls.
    #[must_use]
    pub fn new(subjects: Vec<Subject>) -> Self {
        Self { subjects, queue: EventQueue::default() }
    }
}

impl ProgressObserver for EventLog {
    fn update(&self, pull: usize, state: &PullState) {
        self.queue.update(&self.subjects[pull], state);
    }
}

/// The report as the only line of a run without events.
#[must_use]
pub fn report_line(report: &Report) -> Vec<u8> {
    let mut line = Vec::new();
    write_line(&mut line, &Event::from_report(report, SystemTime::now()));
    line
}

fn write_line(lines: &mut Vec<u8>, event: &Event<'_>) {
    let before = lines.len();
    match serde_json::to_writer(&mut *lines, event) {
        Ok(()) => lines.push(b'\n'),
        // Events are plain data with text keys, so this does not happen; half a line would be worse
        // than none.
        Err(error) => {
            lines.truncate(before);
            tracing::error!(%error, "event cannot be written as JSON");
        }
    }
}
