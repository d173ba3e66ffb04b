//! The sender of the spans: a separate thread, which sleeps while no export is due.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::runtime::Builder;

use super::span_queue::{SpanBatch, SpanQueue};
use crate::error::Printable;

/// Maximum number of spans in one request.
const REQUEST_SIZE: usize = 512;

pub(super) struct SpanSender {
    pub queue: Arc<SpanQueue>,
    pub exporter: SpanExporter,
    /// Why the last request failed, with the error of the connection.
    pub last_error: Arc<Mutex<Option<Printable>>>,
}

impl SpanSender {
    /// Sends spans until the queue is closed and empty. Spans that cannot be sent are lost; the log
    /// reports the first loss, and the next success.
    pub(super) fn run(self) {
        // Dropped also if a library panics, so that the end of the program does not wait.
        let _guard = AbandonOnDrop(&self.queue);
        let mut lost = 0;
        while let Some(batch) = self.queue.next() {
            if batch.dropped > 0 && lost == 0 {
                tracing::warn!("traces lost: the collector is too slow");
            }
            lost += batch.dropped;
            self.send(batch, &mut lost);
        }
    }

    fn send(&self, SpanBatch { mut spans, .. }: SpanBatch, lost: &mut u64) {
        while !spans.is_empty() {
            let rest = spans.split_off(spans.len().min(REQUEST_SIZE));
            let chunk = std::mem::replace(&mut spans, rest);
            let count = chunk.len() as u64;
            match self.export(chunk) {
                Ok(()) if *lost > 0 => {
                    tracing::warn!(lost, "traces are sent again");
                    *lost = 0;
                }
                Ok(()) => {}
                Err(error) => {
                    if *lost == 0 {
                        tracing::warn!(%error, "traces lost: they cannot be sent");
                    }
                    *lost += count;
                }
            }
        }
    }

    /// Sends one request. Its runtime ends with it, and so do the connection and its timers.
    fn export(&self, spans: Vec<SpanData>) -> Result<(), Printable> {
        let text = |error: &dyn ToString| Printable::new(&error.to_string());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| text(&error))?;
        let sent = runtime.block_on(self.exporter.export(spans));
        // A hanging name resolution blocks a thread of the runtime; dropping it would wait for that.
        runtime.shutdown_background();
        let last_error = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).take();
        sent.map_err(|error| last_error.unwrap_or_else(|| text(&error)))
    }
}

/// Marks the queue as abandoned when the sender ends, also by a panic.
struct AbandonOnDrop<'a>(&'a SpanQueue);

impl Drop for AbandonOnDrop<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
