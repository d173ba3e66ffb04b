//! Broadcasts the progress of one job to its subscribers.
//!
//! A new subscriber first receives the current state of each pull. A subscriber that goes away is
//! removed, and a slow one delays neither the job nor the other subscribers: each has its own
//! buffer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::timestamp::Timestamp;
use crate::error::Failure;
use crate::pull::{LayerTotals, ProgressObserver, PullState};
use crate::report::ndjson::EventQueue;
use crate::report::{Report, Subject};

/// The pulls of one job, their states, and the subscribers to their progress.
#[derive(Default)]
pub struct JobEvents(Mutex<JobEventsState>);

#[derive(Default)]
struct JobEventsState {
    /// The pulls in the order of the plan; a pull that has not started has no state.
    pulls: Vec<(Subject, Option<PullState>)>,
    subscribers: Vec<Weak<EventQueue>>,
    /// Why the last run failed, while the job waits for its next run.
    postponed: Option<Postponement>,
    has_ended: bool,
}

struct Postponement {
    error: Failure,
    retry_at: String,
}

impl JobEvents {
    /// Starts a run with these pulls. A retry starts again, because its plan may differ.
    pub fn start(&self, subjects: Vec<Subject>) {
        let mut state = self.state();
        state.pulls = subjects.into_iter().map(|subject| (subject, None)).collect();
        state.postponed = None;
    }

    /// Reports that the run failed with a temporary error, and when the next one starts.
    pub(super) fn postpone(&self, error: &Failure, retry_at: Timestamp) {
        let retry_at = String::from(retry_at);
        let mut state = self.state();
        for subscriber in state.subscribers.iter().filter_map(Weak::upgrade) {
            subscriber.postpone(error, &retry_at);
        }
        state.postponed = Some(Postponement { error: error.clone(), retry_at });
    }

    /// The pulls with their current states; empty before the first run.
    #[must_use]
    pub fn pulls(&self) -> Vec<(Subject, Option<PullState>)> {
        self.state().pulls.clone()
    }

    /// Subscribes one reader: the current state of each pull, then every further event. `None`
    /// if the job has ended.
    #[must_use]
    pub fn subscribe(&self) -> Option<Arc<EventQueue>> {
        let lines = Arc::new(EventQueue::default());
        let mut state = self.state();
        if state.has_ended {
            return None;
        }
        for (subject, pull) in &state.pulls {
            let Some(pull) = pull else { continue };
            // A late subscriber has missed the event without layers, with which a pull starts.
            if matches!(pull, PullState::Pulling(layers) if layers.total > 0) {
                lines.update(subject, &PullState::Pulling(LayerTotals::default()));
            }
            lines.update(subject, pull);
        }
        if let Some(Postponement { error, retry_at }) = &state.postponed {
            lines.postpone(error, retry_at);
        }
        state.subscribers.push(Arc::downgrade(&lines));
        Some(lines)
    }

    /// Sends the report as the last event. Without a report the events just end: the agent stops,
    /// and the job continues after the next start.
    pub(super) fn end(&self, report: Option<&Report>) {
        let mut state = self.state();
        state.has_ended = true;
        for subscriber in state.subscribers.drain(..).filter_map(|subscriber| subscriber.upgrade()) {
            match report {
                Some(report) => subscriber.end(report),
                None => subscriber.close(),
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, JobEventsState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProgressObserver for JobEvents {
    fn update(&self, pull: usize, state: &PullState) {
        let JobEventsState { pulls, subscribers, .. } = &mut *self.state();
        let Some((subject, known)) = pulls.get_mut(pull) else { return };
        *known = Some(state.clone());
        subscribers.retain(|subscriber| subscriber.upgrade().inspect(|lines| lines.update(subject, state)).is_some());
    }
}
