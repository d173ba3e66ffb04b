//! Writes audit lines, on a separate thread because disks and journald can block.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::audit_file::AuditFile;
use super::journald::JournaldSocket;
use crate::agent::metrics::AgentMetrics;

/// An audit line that waits to be written.
#[derive(Debug)]
pub(super) struct QueuedLine {
    pub json: String,
    /// The line records a failure or a refusal.
    pub is_negative: bool,
    /// Fields for journald.
    pub fields: Vec<(&'static str, String)>,
}

/// The destination of the audit log.
#[derive(Debug)]
pub(super) enum AuditSink {
    File(AuditFile),
    Journald(JournaldSocket),
}

impl AuditSink {
    fn write(&mut self, QueuedLine { json, is_negative, fields }: &QueuedLine) -> io::Result<()> {
        match self {
            Self::File(file) => file.write(json),
            Self::Journald(socket) => socket.write(json, *is_negative, fields),
        }
    }
}

/// Writes lines to the sink, and counts those that are written or lost.
pub(super) struct AuditWriter {
    sink: AuditSink,
    reopen: Arc<AtomicBool>,
    metrics: Arc<AgentMetrics>,
    /// Lines lost since the last line that was written.
    lost: u64,
}

impl AuditWriter {
    pub(super) fn new(sink: AuditSink, reopen: Arc<AtomicBool>, metrics: Arc<AgentMetrics>) -> Self {
        Self { sink, reopen, metrics, lost: 0 }
    }

    /// Writes a line. Only the first of several failures in a row is logged.
    pub(super) fn write(&mut self, line: &QueuedLine) {
        self.reopen_if_requested();
        let written = self.sink.write(line);
        self.metrics.count_audit_line(written.is_ok());
        match written {
            Ok(()) if self.lost > 0 => {
                tracing::error!(lost = self.lost, "audit log works again after lost lines");
                self.lost = 0;
            }
            Ok(()) => {}
            Err(error) => {
                if self.lost == 0 {
                    tracing::error!(%error, "audit log cannot be written; its lines are lost");
                }
                self.lost += 1;
            }
        }
    }

    fn reopen_if_requested(&mut self) {
        let AuditSink::File(file) = &mut self.sink else { return };
        if self.reopen.swap(false, Ordering::Relaxed)
            && let Err(error) = file.reopen()
        {
            tracing::error!(%error, "reopening the audit log failed; continuing in the previous file");
        }
    }
}
