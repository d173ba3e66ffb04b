//! The queue of ended spans that wait for export. It is bounded, and ending a span never blocks.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::SpanId;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use super::spans::RUN;

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
