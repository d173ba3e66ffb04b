//! Who sends the spans: a thread of its own, which sleeps while there is nothing to send.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::runtime::Builder;

use super::queue::{Batch, Queue};
use crate::error::Printable;

/// Spans in one request.
const AT_ONCE: usize = 512;

pub(super) struct Sender {
    pub queue: Arc<Queue>,
    pub exporter: SpanExporter,
    /// What broke on the way to the collector, where something did.
    pub why: Arc<Mutex<Option<Printable>>>,
}

impl Sender {
    /// Sends until the queue is closed and empty. What cannot be sent is lost, and that is said
    /// once, until something can be.
    pub(super) fn run(self) {
        // Also if a library panics: nobody is to wait for this thread then.
        let _left = Left(&self.queue);
        let mut lost = 0;
        while let Some(batch) = self.queue.next() {
            if batch.lost > 0 && lost == 0 {
                tracing::warn!("traces are lost: the collector takes them too slowly");
            }
            lost += batch.lost;
            self.send(batch, &mut lost);
        }
    }

    fn send(&self, Batch { mut spans, .. }: Batch, lost: &mut u64) {
        while !spans.is_empty() {
            let rest = spans.split_off(spans.len().min(AT_ONCE));
            let some = std::mem::replace(&mut spans, rest);
            let count = some.len() as u64;
            match self.export(some) {
                Ok(()) if *lost > 0 => {
                    tracing::warn!(lost, "traces are sent again");
                    *lost = 0;
                }
                Ok(()) => {}
                Err(error) => {
                    if *lost == 0 {
                        tracing::warn!(%error, "traces are lost: they cannot be sent");
                    }
                    *lost += count;
                }
            }
        }
    }

    /// One request. The runtime lives no longer: with it go the connection and its timers.
    fn export(&self, spans: Vec<SpanData>) -> Result<(), Printable> {
        let text = |error: &dyn ToString| Printable::new(&error.to_string());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| text(&error))?;
        let sent = runtime.block_on(self.exporter.export(spans));
        // A name resolution that hangs blocks a thread of it, and nobody waits for it.
        runtime.shutdown_background();
        let why = self.why.lock().unwrap_or_else(PoisonError::into_inner).take();
        sent.map_err(|error| why.unwrap_or_else(|| text(&error)))
    }
}

/// Leaves the queue when it goes.
struct Left<'a>(&'a Queue);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}
