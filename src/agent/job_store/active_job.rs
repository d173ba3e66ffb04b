//! A job that has not ended, a job as the API shows it, and how many jobs are in which phase.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::agent::job::{Job, JobResult, JobSource};
use crate::agent::job_events::JobEvents;
use crate::agent::job_id::JobId;
use crate::agent::timestamp::Timestamp;
use crate::error::{Failure, Link, Printable};

/// A job that has not ended, shared by the job store, the worker and the API.
pub struct ActiveJob {
    /// The job as it was accepted.
    pub job: Job,
    /// The progress of its pulls.
    pub events: JobEvents,
    /// Cancelled when the job is to end early.
    pub cancel: CancellationToken,
    phase: Mutex<JobPhase>,
    /// The notification of the job store, for changes of the phase.
    changed: Arc<Notify>,
}

/// What the worker is doing for a job that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobPhase {
    /// The job waits for its first run, or for a permit.
    Queued,
    /// Its images are being pulled.
    Running,
    /// The last run failed with a temporary error, and the job waits for its next run.
    Waiting {
        /// Why the last run failed.
        error: Failure,
        /// When the next run starts.
        retry_at: Timestamp,
    },
}

impl ActiveJob {
    pub(super) fn new(job: Job, changed: &Arc<Notify>) -> Self {
        let (phase, changed) = (Mutex::new(JobPhase::Queued), Arc::clone(changed));
        Self { job, events: JobEvents::default(), cancel: CancellationToken::new(), phase, changed }
    }

    /// What the worker is doing for the job now.
    #[must_use]
    pub fn phase(&self) -> JobPhase {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(in crate::agent) fn set_phase(&self, phase: JobPhase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        self.changed.notify_one();
    }
}

/// The number of open jobs in each phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Jobs that wait for their first run, or for a permit.
    pub queued: usize,
    /// Jobs whose images are being pulled.
    pub running: usize,
    /// Jobs that will be retried because the engine was unreachable or overloaded.
    pub waiting_for_engine: usize,
    /// Jobs that will be retried because AWS or a registry did not respond.
    pub waiting_for_retry: usize,
}

impl FromIterator<JobPhase> for JobCounts {
    fn from_iter<T: IntoIterator<Item = JobPhase>>(phases: T) -> Self {
        let mut counts = Self::default();
        for phase in phases {
            *match phase {
                JobPhase::Queued => &mut counts.queued,
                JobPhase::Running => &mut counts.running,
                JobPhase::Waiting { error, .. } if error.link == Link::Engine => &mut counts.waiting_for_engine,
                JobPhase::Waiting { .. } => &mut counts.waiting_for_retry,
            } += 1;
        }
        counts
    }
}

impl fmt::Display for JobCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { queued, running, waiting_for_engine, waiting_for_retry } = *self;
        let counts = [
            (running, "running"),
            (queued, "queued"),
            (waiting_for_engine, "waiting for the engine"),
            (waiting_for_retry, "waiting for a retry"),
        ];
        let mut is_first = true;
        for (count, phase) in counts.into_iter().filter(|(count, _)| *count > 0) {
            let (separator, noun) = match (std::mem::take(&mut is_first), count) {
                (false, _) => (", ", ""),
                (true, 1) => ("", " request"),
                (true, _) => ("", " requests"),
            };
            write!(f, "{separator}{count}{noun} {phase}")?;
        }
        if is_first { f.write_str("idle") } else { Ok(()) }
    }
}

/// One job at the moment of a query.
pub struct JobSnapshot {
    /// The id of the job.
    pub id: JobId,
    /// The name of its definition in reports.
    pub source: Printable,
    /// When the agent accepted it.
    pub accepted: Timestamp,
    /// Where it comes from.
    pub submitted_by: JobSource,
    /// Whether it has ended, and how.
    pub state: JobState,
}

/// Whether a job has ended.
pub enum JobState {
    /// The job has not ended.
    Open(Arc<ActiveJob>),
    /// The job has ended.
    Ended {
        /// When the job ended.
        at: Timestamp,
        /// How the job ended.
        result: JobResult,
    },
}

#[cfg(test)]
mod tests {
    use super::JobCounts;

    #[test]
    fn job_counts_read_as_one_line() {
        let line =
            |running, waiting_for_engine| JobCounts { running, waiting_for_engine, ..JobCounts::default() }.to_string();
        assert_eq!(line(0, 0), "idle");
        assert_eq!(line(1, 0), "1 request running");
        assert_eq!(line(3, 2), "3 requests running, 2 waiting for the engine");
        assert_eq!(line(0, 1), "1 request waiting for the engine");
    }
}
