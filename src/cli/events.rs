//! Events on stdout, one JSON line each, while they happen.
//!
//! A reader that is slow must not hold up a pull: lines wait here, and a future beside the
//! work writes them. What says only how far a pull is, is left out where a newer line will
//! say it better. A reader that has gone away ends the telling and nothing else.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

use crate::pipeline::{Layers, Progress, State};
use crate::report::Report;
use crate::report::event::{Event, Subject};

/// How far a pull is, is said no more often than this.
const EVERY: Duration = Duration::from_millis(500);

/// With so many bytes waiting for the reader, how far a pull is has to wait.
const MUCH: usize = 1 << 20;

/// The events of one run.
pub(super) struct Events {
    subjects: Vec<Subject>,
    told: Mutex<Told>,
    is_new: Notify,
}

#[derive(Default)]
struct Told {
    /// What the reader has not got yet.
    waiting: Vec<u8>,
    pulls: Vec<Pull>,
    /// An event that is no JSON.
    broken: Option<io::Error>,
    /// Nothing more is to come, or nothing more can be written.
    is_over: bool,
}

#[derive(Clone, Copy, Default)]
struct Pull {
    layers: Layers,
    said: Option<Instant>,
}

impl Events {
    pub(super) fn new(subjects: Vec<Subject>) -> Self {
        let pulls = vec![Pull::default(); subjects.len()];
        Self { subjects, told: Mutex::new(Told { pulls, ..Told::default() }), is_new: Notify::new() }
    }

    /// Does the work and writes what it has to tell, up to the report as the last line. Ends
    /// with the work and the writing.
    pub(super) async fn beside(&self, work: impl Future<Output = Report>) -> (Report, io::Result<()>) {
        let work = async {
            let report = work.await;
            self.tell(|| Event::of_report(&report, SystemTime::now()));
            self.told().is_over = true;
            self.is_new.notify_one();
            report
        };
        futures_util::future::join(work, self.write()).await
    }

    async fn write(&self) -> io::Result<()> {
        let mut stdout = tokio::io::stdout();
        loop {
            let (lines, is_over) = {
                let mut told = self.told();
                if let Some(error) = told.broken.take() {
                    return Err(error);
                }
                (std::mem::take(&mut told.waiting), told.is_over)
            };
            let written = async {
                stdout.write_all(&lines).await?;
                stdout.flush().await
            };
            if let Err(error) = written.await {
                self.told().is_over = true;
                return Err(error);
            }
            if is_over {
                return Ok(());
            }
            self.is_new.notified().await;
        }
    }

    fn tell<'a>(&'a self, event: impl FnOnce() -> Event<'a>) {
        let told = &mut *self.told();
        // Nobody reads any more.
        if told.is_over {
            return;
        }
        if let Err(error) = push(&mut told.waiting, &event()) {
            told.broken = Some(error);
        }
        self.is_new.notify_one();
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Events {
    fn update(&self, pull: usize, state: &State) {
        let layers = {
            let told = &mut *self.told();
            let (known, now) = (&mut told.pulls[pull], Instant::now());
            if let State::Pulling(layers) = state {
                known.layers = *layers;
                let is_early = known.said.is_some_and(|said| now.duration_since(said) < EVERY);
                if layers.total > 0 && (is_early || told.waiting.len() > MUCH) {
                    return;
                }
                known.said = Some(now);
            }
            known.layers
        };
        self.tell(|| Event::of_state(&self.subjects[pull], state, layers, SystemTime::now()));
    }
}

/// The report as the one line of a run that did nothing.
pub(super) fn only_line(report: &Report) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    push(&mut line, &Event::of_report(report, SystemTime::now()))?;
    Ok(line)
}

fn push(lines: &mut Vec<u8>, event: &Event<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *lines, event).map_err(io::Error::other)?;
    lines.push(b'\n');
    Ok(())
}
