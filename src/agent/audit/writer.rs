//! Who writes the audit trail: a thread of its own, since disks and journald may block.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::file::Trail;
use super::journald::Journal;
use crate::agent::metrics::Metrics;

/// A decision that is to be written.
#[derive(Debug)]
pub(super) struct Entry {
    pub json: String,
    pub is_against: bool,
    pub fields: Vec<(&'static str, String)>,
}

/// Where it is written to.
#[derive(Debug)]
pub(super) enum Sink {
    File(Trail),
    Journald(Journal),
}

impl Sink {
    fn write(&mut self, Entry { json, is_against, fields }: &Entry) -> io::Result<()> {
        match self {
            Self::File(trail) => trail.write(json),
            Self::Journald(journal) => journal.write(json, *is_against, fields),
        }
    }
}

pub(super) struct Writer {
    sink: Sink,
    reopen: Arc<AtomicBool>,
    metrics: Arc<Metrics>,
    /// Lines lost since the last one that was written.
    lost: u64,
}

impl Writer {
    pub(super) fn new(sink: Sink, reopen: Arc<AtomicBool>, metrics: Arc<Metrics>) -> Self {
        Self { sink, reopen, metrics, lost: 0 }
    }

    /// Writes one, or says once that it cannot.
    pub(super) fn write(&mut self, entry: &Entry) {
        self.reopen_if_asked();
        let written = self.sink.write(entry);
        self.metrics.audited(written.is_ok());
        match written {
            Ok(()) if self.lost > 0 => {
                tracing::error!(lost = self.lost, "the audit trail is written again");
                self.lost = 0;
            }
            Ok(()) => {}
            Err(error) => {
                if self.lost == 0 {
                    tracing::error!(%error, "the audit trail cannot be written: its lines are lost");
                }
                self.lost += 1;
            }
        }
    }

    fn reopen_if_asked(&mut self) {
        let Sink::File(trail) = &mut self.sink else { return };
        if self.reopen.swap(false, Ordering::Relaxed)
            && let Err(error) = trail.reopen()
        {
            tracing::error!(%error, "the audit trail goes on in the file from before");
        }
    }
}
