//! Decides whether a failed pull is attempted again, and after which wait. Pure: time and
//! randomness come in as values.

use std::time::Duration;

use tokio::time::Instant;

use super::policy::fallback;
use super::pull_error::PullError;
use crate::error::{Class, Explain as _, Retryability};
use crate::retry::Backoff;

/// The limits of one pull, and the failures so far.
pub(super) struct AttemptBudget {
    backoff: Backoff,
    /// The longest time that the engine may be gone.
    restart_limit: Duration,
    /// When the pull must be finished.
    deadline: Instant,
    /// From when on the pull prefers its fallback route to another attempt, if it has one.
    fall_back_at: Option<Instant>,
    /// Attempts that failed other than by the absence of the engine.
    failed_attempts: u32,
    outage: Option<EngineOutage>,
    last_failure: Option<Retryability>,
}

/// The engine has been gone since the first of the last failures.
struct EngineOutage {
    since: Instant,
    failures: u32,
}

impl AttemptBudget {
    pub(super) fn new(
        backoff: Backoff,
        restart_limit: Duration,
        deadline: Instant,
        fall_back_at: Option<Instant>,
    ) -> Self {
        Self { backoff, restart_limit, deadline, fall_back_at, failed_attempts: 0, outage: None, last_failure: None }
    }

    /// Whether the last attempt failed because the engine was gone.
    pub(super) fn is_engine_gone(&self) -> bool {
        self.outage.is_some()
    }

    /// Records a failure and returns the wait before the next attempt, or `None` if the failure is
    /// final. `random` is uniform in `0.0..1.0`. A wait never passes the deadline.
    pub(super) fn next_wait(&mut self, error: &PullError, now: Instant, random: f64) -> Option<Duration> {
        let wait = if error.class() == Class::EngineGone {
            self.wait_for_engine(now, random)
        } else {
            self.outage = None;
            self.wait_for_registry(error, now, random)
        };
        self.last_failure = Some(error.retryability());
        wait.filter(|wait| now + *wait < self.deadline)
    }

    /// An engine that restarts comes back within a certain time, however often it is tried, so its
    /// absence costs none of the attempts at the registry.
    fn wait_for_engine(&mut self, now: Instant, random: f64) -> Option<Duration> {
        let outage = self.outage.get_or_insert(EngineOutage { since: now, failures: 0 });
        outage.failures += 1;
        let is_late = now - outage.since >= self.restart_limit;
        (!is_late).then(|| self.backoff.max_delay(outage.failures).mul_f64(random))
    }

    /// A registry that states how long to wait is not asked earlier.
    fn wait_for_registry(&mut self, error: &PullError, now: Instant, random: f64) -> Option<Duration> {
        self.failed_attempts += 1;
        if !error.retryability().allows_retry(self.last_failure) {
            return None;
        }
        let wait = self.backoff.delay(self.failed_attempts, random)?.max(error.retry_after().unwrap_or_default());
        let is_exhausted = |end| self.failed_attempts >= fallback::ATTEMPTS || now + wait >= end;
        let falls_back =
            fallback::should_fall_back(error.link(), error.class()) && self.fall_back_at.is_some_and(is_exhausted);
        (!falls_back).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::AttemptBudget;
    use crate::answers::{PullContext, SentLogin};
    use crate::engine::EngineError;
    use crate::error::{Class, Explain as _};
    use crate::pull::PullError;
    use crate::retry::Backoff;
    use crate::task::ImageReference;

    const SECOND: Duration = Duration::from_secs(1);

    fn engine_error(cause: EngineError) -> PullError {
        PullError::Engine {
            image: ImageReference::parse("app").unwrap(),
            context: Box::new(PullContext::with_login(SentLogin::unremarkable())),
            cause,
        }
    }

    fn message(text: &str) -> PullError {
        engine_error(EngineError::ErrorMessage { status: 500, code: None, text: text.to_owned() })
    }

    fn failures() -> impl Strategy<Value = PullError> {
        prop_oneof![
            Just(engine_error(EngineError::no_response("unix:///docker.sock"))),
            Just(message("received unexpected HTTP status: 503 Service Unavailable")),
            Just(message("unauthorized: authentication required")),
            Just(message("an error that no rule knows")),
            (0_u64..10_000).prop_map(|seconds| message(&format!("toomanyrequests: retry-after: {seconds}s"))),
            Just(PullError::Stalled { image: ImageReference::parse("app").unwrap(), limit: SECOND }),
        ]
    }

    proptest! {
        #[test]
        fn no_wait_passes_the_deadline_and_refusals_get_none(
            failures in prop::collection::vec((failures(), 0_u64..300, 0.0..1.0), 1..30),
            total in 0_u64..1_000,
            fall_back_after in prop::option::of(0_u64..1_000),
            attempts in 1_u32..10,
        ) {
            let mut now = Instant::now();
            let deadline = now + Duration::from_secs(total);
            let fall_back_at = fall_back_after.map(|seconds| now + Duration::from_secs(seconds));
            let backoff = Backoff::exponential(SECOND, 30 * SECOND).with_attempts(NonZeroU32::new(attempts).unwrap());
            let mut budget = AttemptBudget::new(backoff, 60 * SECOND, deadline, fall_back_at);
            let mut registry_retries = 0;
            for (error, took, random) in &failures {
                now += Duration::from_secs(*took);
                let Some(wait) = budget.next_wait(error, now, *random) else { break };
                prop_assert!(now + wait < deadline);
                prop_assert_ne!(error.class(), Class::Refused);
                prop_assert!(wait >= error.retry_after().unwrap_or_default());
                registry_retries += u32::from(error.class() != Class::EngineGone);
                now += wait;
            }
            prop_assert!(registry_retries < attempts);
        }
    }
}
