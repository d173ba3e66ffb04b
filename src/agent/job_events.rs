//! What happens in one request, told to everybody who listens.
//!
//! Who comes late is told first where each pull stands. A listener who stops listening is
//! forgotten; one who is slow holds up nobody.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::job::Timestamp;
use crate::error::Failure;
use crate::pipeline::{LayerTotals, ProgressObserver, PullState};
use crate::report::Report;
use crate::report::Subject;
use crate::report::ndjson::EventQueue;

/// The pulls of one request, where they stand, and who listens.
#[derive(Default)]
pub struct JobEvents(Mutex<JobEventsState>);

#[derive(Default)]
struct JobEventsState {
    pulls: Vec<(Subject, Option<PullState>)>,
    listeners: Vec<Weak<EventQueue>>,
    /// Why it is done once more, and when.
    postponed: Option<(Failure, String)>,
    /// Nothing more is told.
    is_over: bool,
}

impl JobEvents {
    /// Its pulls begin: these, and none has a state yet. Once more when the request is tried
    /// again, when it may be planned otherwise.
    pub fn begin(&self, subjects: Vec<Subject>) {
        let mut told = self.told();
        told.pulls = subjects.into_iter().map(|subject| (subject, None)).collect();
        told.postponed = None;
    }

    /// It is done once more, then.
    pub(super) fn postpone(&self, error: &Failure, retry_at: Timestamp) {
        let retry_at = String::from(retry_at);
        let mut told = self.told();
        for listener in told.listeners.iter().filter_map(Weak::upgrade) {
            listener.postpone(error, &retry_at);
        }
        told.postponed = Some((error.clone(), retry_at));
    }

    /// The pulls and where they stand; none before they begin.
    #[must_use]
    pub fn pulls(&self) -> Vec<(Subject, Option<PullState>)> {
        self.told().pulls.clone()
    }

    /// The events from now on, after where each pull stands; none when it is over. For one
    /// reader.
    #[must_use]
    pub fn listen(&self) -> Option<Arc<EventQueue>> {
        let lines = Arc::new(EventQueue::default());
        let mut told = self.told();
        if told.is_over {
            return None;
        }
        for (subject, state) in &told.pulls {
            if let Some(state) = state {
                // Who comes late has not heard that it has begun.
                if matches!(state, PullState::Pulling(layers) if layers.total > 0) {
                    lines.update(subject, &PullState::Pulling(LayerTotals::default()));
                }
                lines.update(subject, state);
            }
        }
        if let Some((error, retry_at)) = &told.postponed {
            lines.postpone(error, retry_at);
        }
        told.listeners.push(Arc::downgrade(&lines));
        Some(lines)
    }

    /// The last event: what came of it; none when it is not over, and goes on after a restart.
    pub(super) fn end(&self, report: Option<&Report>) {
        let mut told = self.told();
        told.is_over = true;
        for listener in told.listeners.drain(..).filter_map(|listener| listener.upgrade()) {
            match report {
                Some(report) => listener.end(report),
                None => listener.close(),
            }
        }
    }

    fn told(&self) -> MutexGuard<'_, JobEventsState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProgressObserver for JobEvents {
    fn update(&self, pull: usize, state: &PullState) {
        let JobEventsState { pulls, listeners, .. } = &mut *self.told();
        let Some((subject, known)) = pulls.get_mut(pull) else { return };
        *known = Some(state.clone());
        listeners.retain(|listener| listener.upgrade().inspect(|lines| lines.update(subject, state)).is_some());
    }
}
