//! Spans that have ended and wait to be sent: so many and no more, and nobody who ends one
//! waits for anything.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::SpanId;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use super::RUN;

/// Spans that may wait; later ones are lost.
const MOST: usize = 2_048;

/// With so many they are sent, whatever is still going on.
const MANY: usize = 512;

/// The queue. A sender sleeps at it until there is something to send, and for no timer: what
/// waits is due when a run or a trace has ended.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<SpanData>,
    is_due: bool,
    lost: u64,
    /// Nothing more comes.
    is_closed: bool,
    /// Nobody sends, or will.
    is_left: bool,
}

/// What is to be sent.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub spans: Vec<SpanData>,
    /// Spans that found the queue full since the batch before.
    pub lost: u64,
}

impl Queue {
    /// Waits for what is due; `None` once it is closed and empty.
    pub(super) fn next(&self) -> Option<Batch> {
        let state = self.state();
        let is_idle = |state: &mut State| !state.is_due && !state.is_closed;
        let mut state = self.changed.wait_while(state, is_idle).unwrap_or_else(PoisonError::into_inner);
        state.is_due = false;
        let State { waiting, lost, is_closed, .. } = &mut *state;
        if waiting.is_empty() && *is_closed {
            return None;
        }
        Some(Batch { spans: std::mem::take(waiting), lost: std::mem::take(lost) })
    }

    /// Whoever sends is gone, and nobody waits for it any more.
    pub(super) fn leave(&self) {
        self.state().is_left = true;
        self.changed.notify_all();
    }

    /// Lets nothing more in, and waits until everything is sent, for so long at most. Whether
    /// it was.
    pub(super) fn close(&self, within: Duration) -> bool {
        self.state().is_closed = true;
        self.changed.notify_all();
        let is_there = |state: &mut State| !state.is_left;
        let waited = self.changed.wait_timeout_while(self.state(), within, is_there);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of the queue that spans come to.
#[derive(Debug)]
pub(super) struct Entrance(pub std::sync::Arc<Queue>);

impl SpanProcessor for Entrance {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let mut state = self.0.state();
        if state.is_closed {
            return;
        }
        let is_last = span.parent_span_id == SpanId::INVALID || span.name == RUN;
        if state.waiting.len() < MOST {
            state.waiting.push(span);
        } else {
            state.lost += 1;
        }
        if is_last || state.waiting.len() == MANY {
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

    use super::{Batch, Entrance, MOST, Queue};

    fn end_spans(queue: &Arc<Queue>, count: usize) {
        let provider = SdkTracerProvider::builder().with_span_processor(Entrance(Arc::clone(queue))).build();
        let tracer = provider.tracer("test");
        (0..count).for_each(|_| tracer.start("one").end());
    }

    #[test]
    fn what_a_full_queue_cannot_take_is_counted_and_the_rest_is_sent() {
        let queue = Arc::<Queue>::default();
        end_spans(&queue, MOST + 3);
        let Batch { spans, lost } = queue.next().unwrap();
        assert_eq!((spans.len(), lost), (MOST, 3));
        end_spans(&queue, 1);
        assert!(!queue.close(Duration::ZERO), "nobody has sent it");
        end_spans(&queue, 1);
        let Batch { spans, lost } = queue.next().unwrap();
        assert_eq!((spans.len(), lost), (1, 0), "nothing comes in behind the end");
        assert!(queue.next().is_none());
        queue.leave();
        assert!(queue.close(Duration::from_mins(1)));
    }
}
