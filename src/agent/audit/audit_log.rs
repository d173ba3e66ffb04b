//! Observes the agent and queues a line for each event.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use super::entry::{AuditEvent, AuditSubject};
use super::writer::{AuditFile, AuditSink, AuditWriter, JOURNALD_SOCKET, JournaldSocket, QueuedLine};
use crate::agent::metrics::AgentMetrics;
use crate::agent::{AccessDecision, AgentObserver, CredentialIssued, Job, JobResult};
use crate::config::AuditTarget;
use crate::error::{Class, Explain, Link};
use crate::report::Report;

/// Lines that the queue to the writer thread holds; further lines are lost.
const QUEUE_LENGTH: usize = 4_096;

/// Longest wait for queued lines when the log is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The audit log of one agent. Dropping it waits for the lines that are queued.
#[derive(Debug)]
pub struct AuditLog {
    /// `None` if the audit log is off or closed.
    queue: RwLock<Option<SyncSender<QueuedLine>>>,
    /// Receives one message when the writer thread has written the last line.
    writer_ended: Mutex<Receiver<()>>,
    reopen: Arc<AtomicBool>,
    /// Set while the queue is full, so that an overflow is logged once.
    is_overflowing: AtomicBool,
    metrics: Arc<AgentMetrics>,
}

impl AuditLog {
    /// Opens the log and starts its writer thread. Lines are counted in `metrics`.
    ///
    /// # Errors
    /// [`AuditError`], if the file or the socket of journald cannot be opened.
    pub fn open(to: &AuditTarget, metrics: Arc<AgentMetrics>) -> Result<Self, AuditError> {
        let sink = match to {
            AuditTarget::Off => None,
            AuditTarget::File(path) => {
                let file = AuditFile::open(path).map_err(|source| AuditError::new(path, source))?;
                Some(AuditSink::File(file))
            }
            AuditTarget::Journald => {
                let path = Path::new(JOURNALD_SOCKET);
                let socket = JournaldSocket::open(path).map_err(|source| AuditError::new(path, source))?;
                Some(AuditSink::Journald(socket))
            }
        };
        Self::start(sink, metrics).map_err(|source| AuditError::new(Path::new("a writer thread"), source))
    }

    pub(super) fn start(sink: Option<AuditSink>, metrics: Arc<AgentMetrics>) -> io::Result<Self> {
        let (queue, lines) = mpsc::sync_channel(QUEUE_LENGTH);
        let (ended, writer_ended) = mpsc::channel();
        let reopen = Arc::<AtomicBool>::default();
        let queue = match sink {
            None => None,
            Some(sink) => {
                let mut writer = AuditWriter::new(sink, Arc::clone(&reopen), Arc::clone(&metrics));
                std::thread::Builder::new().name("audit".to_owned()).spawn(move || {
                    for line in lines {
                        writer.write(&line);
                    }
                    // Fails if `close` has timed out.
                    let _ = ended.send(());
                })?;
                Some(queue)
            }
        };
        let (queue, writer_ended) = (RwLock::new(queue), Mutex::new(writer_ended));
        Ok(Self { queue, writer_ended, reopen, is_overflowing: AtomicBool::new(false), metrics })
    }

    /// Reopens the file before the next line, after log rotation has moved it.
    pub fn reopen(&self) {
        self.reopen.store(true, Ordering::Relaxed);
    }

    /// Accepts no further lines, and waits a limited time for those that are queued.
    pub fn close(&self) {
        // Dropping the sender ends the writer after the last queued line.
        let was_open = self.queue.write().unwrap_or_else(PoisonError::into_inner).take().is_some();
        let writer_ended = self.writer_ended.lock().unwrap_or_else(PoisonError::into_inner);
        if was_open && writer_ended.recv_timeout(CLOSE_TIMEOUT).is_err() {
            tracing::error!("audit log closed before its last lines were written");
        }
    }

    /// Queues a line; if the log is off, `event` is not called.
    fn write<'a>(&self, event: impl FnOnce() -> AuditEvent<'a>) {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = &*queue else { return };
        let event = event();
        let (is_negative, fields) = (event.is_negative(), event.journald_fields());
        let json = match serde_json::to_string(&event.into_entry()) {
            Ok(json) => json,
            Err(error) => {
                tracing::error!(%error, "audit line could not be written as JSON");
                return self.metrics.count_audit_line(false);
            }
        };
        match queue.try_send(QueuedLine { json, is_negative, fields }) {
            Ok(()) => self.is_overflowing.store(false, Ordering::Relaxed),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.metrics.count_audit_line(false);
                if !self.is_overflowing.swap(true, Ordering::Relaxed) {
                    tracing::error!("audit lines lost: the queue of the audit log is full");
                }
            }
        }
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.close();
    }
}

impl AgentObserver for AuditLog {
    fn job_ended(&self, request: &Job, _: JobResult, report: &Report) {
        let subject = AuditSubject::new(request);
        for failure in &report.invalid_inputs {
            self.write(|| AuditEvent::Definition { subject, failure });
        }
        for task in &report.tasks {
            for container in &task.containers {
                self.write(|| AuditEvent::from_container(subject, task, container));
            }
        }
    }

    fn access_decided(&self, decision: &AccessDecision<'_>) {
        self.write(|| AuditEvent::from_decision(decision));
    }

    fn credential_issued(&self, given: &CredentialIssued<'_>) {
        self.write(|| AuditEvent::from_issued(given));
    }
}

/// The destination of the audit log (`audit.to`) cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("audit.to: cannot write to {to}", to = .to.display())]
pub struct AuditError {
    to: PathBuf,
    source: io::Error,
}

impl AuditError {
    pub(super) fn new(to: &Path, source: io::Error) -> Self {
        Self { to: to.to_owned(), source }
    }
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
        Some("set `audit.to` to a file in an existing folder that the agent can write, to `journald` on a host with systemd, or to `off`".to_owned())
    }
}
