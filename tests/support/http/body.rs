//! Plays the steps of a reply as a response body.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::reply::{ConnectionCut, EndCallback, Step};

type Waiting = Pin<Box<dyn Future<Output = Result<(), ConnectionCut>> + Send>>;

pub struct ScriptedBody {
    steps: VecDeque<Step>,
    waiting: Option<Waiting>,
    end: EndCallback,
}

impl ScriptedBody {
    pub(super) fn new(steps: Vec<Step>, mut end: EndCallback) -> Self {
        if steps.is_empty() {
            end.complete();
        }
        Self { steps: steps.into(), waiting: None, end }
    }
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = ConnectionCut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionCut>>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                let waited = ready!(waiting.as_mut().poll(context));
                self.waiting = None;
                if let Err(cut) = waited {
                    return Poll::Ready(Some(Err(cut)));
                }
            }
            let step = self.steps.pop_front();
            if self.steps.is_empty() && !matches!(step, Some(Step::Stall(_))) {
                self.end.complete();
            }
            match step {
                None => return Poll::Ready(None),
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Stall(stall)) => self.waiting = Some(Box::pin(stall.wait())),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.waiting.is_none()
    }

    /// Exact for a body in one piece; a script of several pieces is sent in chunks.
    fn size_hint(&self) -> SizeHint {
        match self.steps.iter().collect::<Vec<_>>()[..] {
            [Step::Send(bytes)] => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::new(),
        }
    }
}
