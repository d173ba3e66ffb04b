//! Decides when a pull without progress is stalled. Pure: time comes in as a value.

use std::time::Duration;

use tokio::time::Instant;

/// How long a pull may still go without progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdleTimer {
    since: Instant,
    limit: Duration,
    has_progressed: bool,
}

impl IdleTimer {
    /// A timer for the first message of a pull that starts now.
    pub(super) fn new(now: Instant, limit: Duration) -> Self {
        Self { since: now, limit, has_progressed: false }
    }

    /// A timer that restarts at progress.
    pub(super) fn after_progress(now: Instant, limit: Duration) -> Self {
        Self { since: now, limit, has_progressed: true }
    }

    /// Whether the pull has made any progress.
    pub(super) fn has_progressed(&self) -> bool {
        self.has_progressed
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// When the pull is stalled. `others` is the time of the last progress of any pull, and counts
    /// only while this pull waits inside the engine for others.
    pub(super) fn deadline(&self, others: Option<Instant>) -> Instant {
        others.map_or(self.since, |others| others.max(self.since)) + self.limit
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::IdleTimer;

    proptest! {
        #[test]
        fn deadline_is_one_limit_after_the_last_progress(
            progress in 0_u64..100_000,
            others in prop::option::of(0_u64..100_000),
            limit in 0_u64..100_000,
        ) {
            let start = Instant::now();
            let at = |seconds| start + Duration::from_secs(seconds);
            let timer = IdleTimer::after_progress(at(progress), Duration::from_secs(limit));
            let latest = progress.max(others.unwrap_or(0));
            prop_assert_eq!(timer.deadline(others.map(at)), at(latest + limit));
            prop_assert!(timer.deadline(None) <= timer.deadline(others.map(at)), "others never shorten the wait");
        }
    }
}
