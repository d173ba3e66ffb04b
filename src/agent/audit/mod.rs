//! The audit trail: who was let have what, one JSON line for each decision.
//!
//! Names only: an ARN, a version, a digest, the ids of calls to AWS; nothing here has a value
//! of a secret. A decision waits for no disk and no journald: its line is handed to a thread
//! that writes. What cannot be written is counted and said, and stops nobody.

mod file;
mod journald;
mod line;
pub mod schema;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

pub use line::{Line, Of, What};

use super::job::{Job, JobResult};
use super::metrics::Metrics;
use super::observer::{AccessDecision, AgentObserver, CredentialIssued};
use crate::config::AuditTo;
use crate::error::{Class, Explain, Link};
use crate::report::Report;
use file::Trail;
use journald::Journal;
use writer::{Entry, Sink, Writer};

/// Lines that may wait to be written.
const WAITING: usize = 4_096;

/// How long the end of the agent waits for lines that are still to be written.
const LAST_LINES: Duration = Duration::from_secs(5);

/// The trail of one agent. When it goes, it waits for what is still to be written.
#[derive(Debug)]
pub struct Audit {
    /// None, where there is no trail or it has gone.
    entries: RwLock<Option<SyncSender<Entry>>>,
    is_over: Mutex<Receiver<()>>,
    reopen: Arc<AtomicBool>,
    is_losing: AtomicBool,
    metrics: Arc<Metrics>,
}

/// There can be no trail.
#[derive(Debug, thiserror::Error)]
#[error("audit.to: {to} cannot be written to", to = .to.display())]
pub struct AuditError {
    to: PathBuf,
    source: io::Error,
}

impl Explain for AuditError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        self.to.display().to_string()
    }

    fn hint(&self) -> Option<String> {
        Some("name a file in a folder that is there and that the agent may write, or `journald` on a host that has it, or `off`".to_owned())
    }
}

impl Audit {
    /// Begins it. What is lost is counted in `metrics`.
    ///
    /// # Errors
    /// [`AuditError`], where it can be known now that nothing can be written.
    pub fn begin(to: &AuditTo, metrics: Arc<Metrics>) -> Result<Self, AuditError> {
        let failed = |to: &Path| {
            let to = to.to_owned();
            |source| AuditError { to, source }
        };
        let sink = match to {
            AuditTo::Off => None,
            AuditTo::File(path) => Some(Sink::File(Trail::open(path).map_err(failed(path))?)),
            AuditTo::Journald => {
                let path = Path::new(journald::SOCKET);
                Some(Sink::Journald(Journal::open(path).map_err(failed(path))?))
            }
        };
        Self::writing(sink, metrics).map_err(failed(Path::new("a thread")))
    }

    fn writing(sink: Option<Sink>, metrics: Arc<Metrics>) -> io::Result<Self> {
        let (entries, waiting) = mpsc::sync_channel(WAITING);
        let (over, is_over) = mpsc::channel();
        let reopen = Arc::<AtomicBool>::default();
        let entries = match sink {
            None => None,
            Some(sink) => {
                let mut writer = Writer::new(sink, Arc::clone(&reopen), Arc::clone(&metrics));
                let thread = std::thread::Builder::new().name("audit".to_owned());
                thread.spawn(move || {
                    for entry in waiting {
                        writer.write(&entry);
                    }
                    // Whoever waits for it may have given up.
                    let _ = over.send(());
                })?;
                Some(entries)
            }
        };
        let (entries, is_over) = (RwLock::new(entries), Mutex::new(is_over));
        Ok(Self { entries, is_over, reopen, is_losing: AtomicBool::new(false), metrics })
    }

    /// Has the file opened anew before the next line: it was moved away.
    pub fn reopen(&self) {
        self.reopen.store(true, Ordering::Relaxed);
    }

    /// Waits for the last lines, for a while; nothing more is written.
    pub fn close(&self) {
        // The writer ends with the last of what it was given.
        let was_writing = self.entries.write().unwrap_or_else(PoisonError::into_inner).take().is_some();
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        if was_writing && is_over.recv_timeout(LAST_LINES).is_err() {
            tracing::error!("the last lines of the audit trail are lost");
        }
    }

    fn write<'a>(&self, what: impl FnOnce() -> What<'a>) {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let Some(entries) = &*entries else { return };
        let what = what();
        let (is_against, fields) = (what.is_against(), what.fields());
        let json = match serde_json::to_string(&what.now()) {
            Ok(json) => json,
            Err(error) => {
                tracing::error!(%error, "a line of the audit trail is no JSON");
                return self.metrics.audited(false);
            }
        };
        match entries.try_send(Entry { json, is_against, fields }) {
            Ok(()) => self.is_losing.store(false, Ordering::Relaxed),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.metrics.audited(false);
                if !self.is_losing.swap(true, Ordering::Relaxed) {
                    tracing::error!("lines of the audit trail are lost: it takes them too slowly");
                }
            }
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.close();
    }
}

impl AgentObserver for Audit {
    fn ended(&self, request: &Job, _: JobResult, report: &Report) {
        let of = Of::new(request);
        for failure in &report.invalid_inputs {
            self.write(|| What::Definition { of, failure });
        }
        for task in &report.tasks {
            for container in &task.containers {
                self.write(|| What::of_container(of, task, container));
            }
        }
    }

    fn decided(&self, decision: &AccessDecision<'_>) {
        self.write(|| What::of_decision(decision));
    }

    fn gave(&self, given: &CredentialIssued<'_>) {
        self.write(|| What::of_given(given));
    }
}

#[cfg(test)]
mod tests;
