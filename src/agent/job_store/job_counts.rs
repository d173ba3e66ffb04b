//! How many jobs are in which phase, also as the line that `systemctl status` shows.

use std::fmt;

use super::active_job::JobPhase;
use crate::error::Link;

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
