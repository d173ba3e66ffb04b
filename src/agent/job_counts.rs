//! What is done about the open requests, in numbers and in a line.

use std::fmt;

use super::job_store::JobPhase;
use crate::error::Link;

/// How many of the open requests are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Not begun.
    pub queued: usize,
    /// Their images are pulled.
    pub running: usize,
    /// The engine has gone, or takes no more; they are tried again.
    pub for_engine: usize,
    /// AWS or a registry does not answer; they are tried again.
    pub for_others: usize,
}

impl JobCounts {
    /// Of these.
    pub(super) fn of(phases: impl Iterator<Item = JobPhase>) -> Self {
        let mut tally = Self::default();
        for phase in phases {
            *match phase {
                JobPhase::Queued => &mut tally.queued,
                JobPhase::Running => &mut tally.running,
                JobPhase::Waiting { error, .. } if error.link == Link::Engine => &mut tally.for_engine,
                JobPhase::Waiting { .. } => &mut tally.for_others,
            } += 1;
        }
        tally
    }
}

impl fmt::Display for JobCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { queued, running, for_engine, for_others } = *self;
        let parts = [
            (running, "running"),
            (queued, "about to begin"),
            (for_engine, "waiting for the engine"),
            (for_others, "waiting to be tried again"),
        ];
        let mut is_first = true;
        for (count, words) in parts.into_iter().filter(|(count, _)| *count > 0) {
            let (before, noun) = match (std::mem::take(&mut is_first), count) {
                (false, _) => (", ", ""),
                (true, 1) => ("", " request"),
                (true, _) => ("", " requests"),
            };
            write!(f, "{before}{count}{noun} {words}")?;
        }
        if is_first { f.write_str("nothing under way") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::JobCounts;

    #[test]
    fn a_tally_reads_as_a_line() {
        let tally = |running, for_engine| JobCounts { running, for_engine, ..JobCounts::default() }.to_string();
        assert_eq!(tally(0, 0), "nothing under way");
        assert_eq!(tally(1, 0), "1 request running");
        assert_eq!(tally(3, 2), "3 requests running, 2 waiting for the engine");
        assert_eq!(tally(0, 1), "1 request waiting for the engine");
    }
}
