//! The events of one run as lines of JSON, for a reader who takes them at his own pace.
//!
//! What is told waits in memory: nobody who does the work waits for a reader. How far a pull
//! is, is said at most twice a second, and not at all to a reader who is behind.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use super::Report;
use super::event::{Event, Subject};
use crate::error::Failure;
use crate::pull::{Layers, Progress, State};

/// How far a pull is, is said no more often than this.
const EVERY: Duration = Duration::from_millis(500);

/// With so many bytes waiting for the reader, how far a pull is has to wait.
const MUCH: usize = 1 << 20;

/// Events, as far as they have been told and not been taken.
#[derive(Default)]
pub struct EventQueue {
    told: Mutex<Told>,
    is_new: Notify,
}

/// The events of one run, told while it goes on.
pub struct EventLog {
    subjects: Vec<Subject>,
    /// What was told.
    pub lines: EventQueue,
}

#[derive(Default)]
struct Told {
    /// What the reader has not got yet.
    waiting: Vec<u8>,
    pulls: HashMap<usize, Pull>,
    /// Nothing more is to come.
    is_over: bool,
}

#[derive(Clone, Copy, Default)]
struct Pull {
    layers: Layers,
    said: Option<Instant>,
}

impl EventQueue {
    /// The next lines, once there are any; `None` when all have been taken and nothing more
    /// is to come. For one reader.
    pub async fn next(&self) -> Option<Vec<u8>> {
        loop {
            {
                let mut told = self.told();
                if !told.waiting.is_empty() {
                    return Some(std::mem::take(&mut told.waiting));
                }
                if told.is_over {
                    return None;
                }
            }
            self.is_new.notified().await;
        }
    }

    /// Tells a pull's new state.
    pub fn update(&self, of: &Subject, state: &State) {
        let layers = {
            let mut told = self.told();
            let (is_behind, now) = (told.waiting.len() > MUCH, Instant::now());
            let known = told.pulls.entry(of.pull).or_default();
            if let State::Pulling(layers) = state {
                known.layers = *layers;
                let is_early = known.said.is_some_and(|said| now.duration_since(said) < EVERY);
                if layers.total > 0 && (is_early || is_behind) {
                    return;
                }
                known.said = Some(now);
            }
            known.layers
        };
        self.tell(|| Event::of_state(of, state, layers, SystemTime::now()));
    }

    /// Tells that all of it is done once more, then.
    pub fn postpone(&self, because: &Failure, until: &str) {
        self.tell(|| Event::of_postponement(because, until, SystemTime::now()));
    }

    /// Tells the report, which is the last line.
    pub fn end(&self, report: &Report) {
        self.tell(|| Event::of_report(report, SystemTime::now()));
        self.close();
    }

    /// Nothing more is to be told: the run has no report, or the reader is gone.
    pub fn close(&self) {
        self.told().is_over = true;
        self.is_new.notify_one();
    }

    fn tell<'a>(&'a self, event: impl FnOnce() -> Event<'a>) {
        let told = &mut *self.told();
        if !told.is_over {
            push(&mut told.waiting, &event());
            self.is_new.notify_one();
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventLog {
    /// Of a run with these pulls.
    #[must_use]
    pub fn new(subjects: Vec<Subject>) -> Self {
        Self { subjects, lines: EventQueue::default() }
    }
}

impl Progress for EventLog {
    fn update(&self, pull: usize, state: &State) {
        self.lines.update(&self.subjects[pull], state);
    }
}

/// The report as the one line of a run that did nothing.
#[must_use]
pub fn report_line(report: &Report) -> Vec<u8> {
    let mut line = Vec::new();
    push(&mut line, &Event::of_report(report, SystemTime::now()));
    line
}

fn push(lines: &mut Vec<u8>, event: &Event<'_>) {
    let before = lines.len();
    match serde_json::to_writer(&mut *lines, event) {
        Ok(()) => lines.push(b'\n'),
        // Events are plain data with text for keys: were this to happen, half a line is worse
        // than none.
        Err(error) => {
            lines.truncate(before);
            tracing::error!(%error, "an event is no JSON");
        }
    }
}
