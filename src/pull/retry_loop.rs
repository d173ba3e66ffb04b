//! One pull with its attempts: a failed attempt is repeated where that may help, after a wait, until
//! the attempts or the time are used up.

use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument as _;

use super::attempt_budget::AttemptBudget;
use super::pull_attempt::PullAttempt;
use super::pull_error::PullError;
use super::pull_outcome::FailedAttempt;
use super::pull_state::PullState;
use super::pull_stats::PullStats;
use super::pulled_image::PulledImage;
use super::spans;
use crate::engine::Engine;
use crate::error::Explain as _;
use crate::retry::Backoff;

/// One pull with its attempts.
pub(super) struct RetryLoop<'a, E> {
    pub attempt: PullAttempt<'a, E>,
    pub backoff: Backoff,
    pub stats: &'a PullStats,
    /// When the pull must be finished, with the time that earlier routes and requests took.
    pub deadline: Instant,
    /// Whether another route may be tried after this pull; if so, it gives up earlier.
    pub has_fallback: bool,
}

impl<E: Engine> RetryLoop<'_, E> {
    /// Attempts the pull until it succeeds, fails for good, or is out of attempts or time.
    pub(super) async fn run(&self) -> Result<PulledImage, PullError> {
        let PullAttempt { mode, request, deadlines, observer, .. } = self.attempt;
        let fall_back_at = self.has_fallback.then(|| Instant::now() + deadlines.begin);
        let mut budget = AttemptBudget::new(self.backoff, deadlines.restart, self.deadline, fall_back_at);
        let mut last = None;
        loop {
            let number = self.stats.start_attempt();
            let span = spans::attempt(number, mode);
            let attempt = self.attempt_once(budget.is_engine_gone()).instrument(span.clone());
            let result = timeout_at(self.deadline, attempt).await;
            spans::end_attempt(&span, &result);
            let Ok(result) = result else {
                let (image, limit) = (request.image.clone(), deadlines.total);
                let stage = self.attempt.stage.get();
                return Err(PullError::TimedOut { image, limit, stage, last });
            };
            let error = match result {
                Ok(image) => return Ok(image),
                Err(error) => error,
            };
            let Some(wait) = budget.next_wait(&error, Instant::now(), fastrand::f64()) else { return Err(error) };
            tracing::info!(image = %request.image, attempt = number, retry_in = ?wait, %error, "pull attempt failed; retrying");
            let retry = FailedAttempt { attempt: number + 1, wait, failure: error.to_failure() };
            observer(&PullState::Retrying(retry.clone()));
            self.stats.add_retry(retry);
            last = Some(Box::new(error));
            sleep(wait).await;
        }
    }

    /// Makes one attempt. An engine that was gone is first asked for the local image: an engine that
    /// hangs accepts pulls too, and would start them all when it recovers.
    async fn attempt_once(&self, was_engine_gone: bool) -> Result<PulledImage, PullError> {
        if was_engine_gone {
            self.attempt.local_image(&self.attempt.request.image).await?;
        }
        self.attempt.run().await
    }
}
