//! One pull with its attempts: another one where it may help, after a wait that is this
//! pull's own, until the attempts or the time are over.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument as _;

use super::last_activity::LastActivity;
use super::outcome::{FailedAttempt, PullStats, PulledImage};
use super::progress::PullState;
use super::pull_error::PullError;
use crate::credential::Login;
use crate::engine::auth_header::auth_header;
use crate::engine::redaction::without_login;
use crate::engine::{Engine, EngineError, PullRequest};
use crate::error::{Class, Explain as _};
use crate::pull::{fallback, spans};
use crate::retry::Backoff;

/// When a wait ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// The engine must answer a small question within this time.
    pub answer: Duration,
    /// The engine must say the first word about a pull within this time.
    pub begin: Duration,
    /// Something must move in a pull within this time, from the first word on; the wait for
    /// other pulls' layers does not count.
    pub idle: Duration,
    /// An engine that has gone must be back within this time.
    pub restart: Duration,
    /// A pull with all its attempts must be done within this time.
    pub total: Duration,
}

/// What is to be done with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PullMode {
    /// It is pulled.
    Pull,
    /// It is here, by digest, and the registry is asked whether this login may have it.
    Verify,
}

/// What to pull, how patiently, and who watches.
pub(super) struct RetryLoop<'a, E> {
    pub engine: &'a E,
    /// The engine's address, for errors.
    pub address: &'a str,
    pub task: PullMode,
    pub wanted: &'a PullRequest,
    pub login: &'a Login,
    pub deadlines: Deadlines,
    pub backoff: Backoff,
    pub movement: &'a LastActivity,
    pub account: &'a PullStats,
    pub watch: &'a (dyn Fn(&PullState) + Send + Sync),
    /// When a way that is not the only one is given up, if it is out of order until then.
    pub given_up: Option<Instant>,
}

/// How often a pull has failed, and how.
#[derive(Default)]
struct RetryState {
    /// Attempts that the registry has failed.
    attempts: u32,
    /// Since when the engine has been gone, and how often it was looked for.
    gone: Option<(Instant, u32)>,
}

impl<E: Engine> RetryLoop<'_, E> {
    /// Pulls until it is done, refused, or out of attempts or time.
    pub(super) async fn run(&self) -> Result<PulledImage, PullError> {
        let mut failed = RetryState::default();
        let mut last: Option<Box<PullError>> = None;
        let after = self.deadlines.total;
        // From the turn, not from here: what was asked before this took its part of the time.
        let end = self.account.begun() + after;
        loop {
            let attempt = self.account.attempts();
            let was_gone = failed.gone.is_some();
            let span = spans::attempt(attempt, self.task);
            let ended = timeout_at(end, self.attempt_on(was_gone).instrument(span.clone())).await;
            spans::attempted(&span, &ended);
            let Ok(ended) = ended else { break };
            let error = match ended {
                Ok(pulled) => return Ok(pulled),
                Err(error) => error,
            };
            let Some(wait) = self.wait(&error, last.as_deref(), &mut failed) else { return Err(error) };
            if Instant::now() + wait >= end {
                return Err(error);
            }
            tracing::info!(image = %self.wanted.image, attempt, ?wait, %error, "trying again");
            let retry = FailedAttempt { attempt: attempt + 1, wait, failure: error.to_failure() };
            (self.watch)(&PullState::Retrying(retry.clone()));
            self.account.retries(retry);
            last = Some(Box::new(error));
            sleep(wait).await;
        }
        Err(PullError::TimedOut { image: self.wanted.image.clone(), after, last })
    }

    /// One attempt. An engine that was gone is asked something small first: one that hangs takes
    /// pulls too, and would begin them all when it wakes.
    async fn attempt_on(&self, was_gone: bool) -> Result<PulledImage, PullError> {
        if was_gone {
            self.local(&self.wanted.image).await?;
        }
        self.attempt().await
    }

    /// How long to wait before another attempt, if there is to be one.
    ///
    /// An engine that has gone comes back or does not: that is a matter of time, not of
    /// attempts, and takes none from the registry's. A registry that says how long it wants to
    /// be left alone is left alone for so long.
    fn wait(&self, error: &PullError, last: Option<&PullError>, failed: &mut RetryState) -> Option<Duration> {
        let chance = fastrand::f64();
        if error.class() == Class::EngineGone {
            let (since, times) = failed.gone.get_or_insert((Instant::now(), 0));
            *times += 1;
            let is_late = since.elapsed() >= self.deadlines.restart;
            return (!is_late).then(|| self.backoff.max_delay(*times).mul_f64(chance));
        }
        failed.gone = None;
        failed.attempts += 1;
        let before = last.map(|last| last.class().retryability());
        if !error.class().retryability().allows_retry(before) {
            return None;
        }
        let wait = self.backoff.delay(failed.attempts, chance)?.max(error.retry_after().unwrap_or_default());
        let is_enough = |end| failed.attempts >= fallback::ATTEMPTS || Instant::now() + wait >= end;
        let is_given_up =
            fallback::should_fall_back(error.link(), error.class()) && self.given_up.is_some_and(is_enough);
        (!is_given_up).then_some(wait)
    }

    /// What the engine has refused, without the login in its words.
    pub(super) fn refused(&self, cause: EngineError) -> PullError {
        let image = &self.wanted.image;
        let cause = match cause {
            EngineError::Said { status, code, text } => {
                let header = auth_header(image, self.login);
                EngineError::Said { status, code, text: without_login(text, self.login, header.as_ref()) }
            }
            cause => cause,
        };
        PullError::Engine { image: image.clone(), anonymous: matches!(self.login, Login::Anonymous), cause }
    }
}
