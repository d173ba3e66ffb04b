//! The queue of ended spans that wait for export. It is bounded, and ending a span never blocks.
//!
//! The sender is a thread of its own, which sleeps while no export is due.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::SpanId;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter as _, SpanProcessor};
use tokio::runtime::Builder;

use super::spans::RUN;
use crate::error::Printable;

/// Maximum number of waiting spans; further ones are dropped.
const CAPACITY: usize = 2_048;

/// Number of waiting spans that makes an export due before a run or a trace has ended.
const BATCH_SIZE: usize = 512;

/// The queue. The sender sleeps until an export is due, and uses no timer: an export is due when a
/// run or a trace has ended.
#[derive(Debug, Default)]
pub(super) struct SpanQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    waiting: Vec<SpanData>,
    is_due: bool,
    dropped: u64,
    /// The queue accepts no further spans.
    is_closed: bool,
    /// The sender has ended.
    is_abandoned: bool,
}

/// The spans of one export.
#[derive(Debug, Default)]
pub(super) struct SpanBatch {
    pub spans: Vec<SpanData>,
    /// Number of spans dropped since the last batch because the queue was full.
    pub dropped: u64,
}

impl SpanQueue {
    /// Waits for the next batch; `None` once the queue is closed and empty.
    pub(super) fn next(&self) -> Option<SpanBatch> {
        let state = self.state();
        let is_idle = |state: &mut QueueState| !state.is_due && !state.is_closed;
        let mut state = self.changed.wait_while(state, is_idle).unwrap_or_else(PoisonError::into_inner);
        state.is_due = false;
        let QueueState { waiting, dropped, is_closed, .. } = &mut *state;
        if waiting.is_empty() && *is_closed {
            return None;
        }
        Some(SpanBatch { spans: std::mem::take(waiting), dropped: std::mem::take(dropped) })
    }

    /// Records that the sender has ended, so that [`Self::close`] does not wait for it.
    pub(super) fn abandon(&self) {
        self.state().is_abandoned = true;
        self.changed.notify_all();
    }

    /// Closes the queue, and waits until the sender has ended, at most `timeout`. Returns whether it
    /// has.
    pub(super) fn close(&self, timeout: Duration) -> bool {
        self.state().is_closed = true;
        self.changed.notify_all();
        let is_sending = |state: &mut QueueState| !state.is_abandoned;
        let waited = self.changed.wait_timeout_while(self.state(), timeout, is_sending);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The span processor that puts ended spans into the queue.
#[derive(Debug)]
pub(super) struct QueueProcessor(pub Arc<SpanQueue>);

impl SpanProcessor for QueueProcessor {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let mut state = self.0.state();
        if state.is_closed {
            return;
        }
        let is_last = span.parent_span_id == SpanId::INVALID || span.name == RUN;
        if state.waiting.len() < CAPACITY {
            state.waiting.push(span);
        } else {
            state.dropped += 1;
        }
        if is_last || state.waiting.len() == BATCH_SIZE {
            state.is_due = true;
            self.0.changed.notify_all();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::{CAPACITY, QueueProcessor, SpanBatch, SpanQueue};

    fn end_spans(queue: &Arc<SpanQueue>, count: usize) {
        let provider = SdkTracerProvider::builder().with_span_processor(QueueProcessor(Arc::clone(queue))).build();
        let tracer = provider.tracer("test");
        (0..count).for_each(|_| tracer.start("one").end());
    }

    #[test]
    fn full_queue_counts_dropped_spans_and_sends_the_rest() {
        let queue = Arc::<SpanQueue>::default();
        end_spans(&queue, CAPACITY + 3);
        let SpanBatch { spans, dropped } = queue.next().unwrap();
        assert_eq!((spans.len(), dropped), (CAPACITY, 3));
        end_spans(&queue, 1);
        assert!(!queue.close(Duration::ZERO), "no sender has taken it");
        end_spans(&queue, 1);
        let SpanBatch { spans, dropped } = queue.next().unwrap();
        assert_eq!((spans.len(), dropped), (1, 0), "a closed queue accepts no span");
        assert!(queue.next().is_none());
        queue.abandon();
        assert!(queue.close(Duration::from_mins(1)));
    }
}
