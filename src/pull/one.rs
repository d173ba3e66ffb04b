//! One pull: the stream read to its end, the digest checked, another attempt where it may
//! help.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::auth_header::auth_header;
use super::movement::Movement;
use super::progress::{Layers, State, Tally};
use super::pull_error::PullError;
use super::redaction::without_login;
use super::{Engine, EngineError, Line, Unreachable};
use crate::credential::Login;
use crate::error::Explain as _;
use crate::retry::Backoff;
use crate::task::{ImageReference, Version};

/// When a wait ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// The engine must answer a small question within this time.
    pub answer: Duration,
    /// The engine must say something about a pull within this time, from the request to the
    /// last line; the wait for other pulls' layers does not count.
    pub idle: Duration,
    /// A pull with all its attempts must be done within this time.
    pub total: Duration,
}

/// An image that is on the engine now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The manifest's digest, as the stream and the local image have it (F5, F6).
    pub digest: String,
    /// Whether anything had to be fetched; `false` when the image was up to date (F8).
    pub fetched: bool,
}

/// What to pull, how patiently, and who watches.
pub(super) struct Pull<'a, E> {
    pub engine: &'a E,
    /// The engine's address, for errors.
    pub address: &'a str,
    pub image: &'a ImageReference,
    pub login: &'a Login,
    pub deadlines: Deadlines,
    pub backoff: Backoff,
    pub movement: &'a Movement,
    /// Counted as they are made, so that they are known when the pull is cancelled.
    pub attempts: &'a AtomicU32,
    pub watch: &'a (dyn Fn(&State) + Send + Sync),
}

impl<E: Engine> Pull<'_, E> {
    /// Pulls until it is done, refused, or out of attempts or time.
    pub(super) async fn run(&self) -> Result<Pulled, PullError> {
        let mut last: Option<Box<PullError>> = None;
        let after = self.deadlines.total;
        let end = Instant::now() + after;
        for attempt in 1.. {
            self.attempts.fetch_add(1, Ordering::Relaxed);
            let Ok(ended) = timeout_at(end, self.attempt()).await else { break };
            let error = match ended {
                Ok(pulled) => return Ok(pulled),
                Err(error) => error,
            };
            let before = last.as_ref().map(|last| last.class().patience());
            let wait = self.backoff.wait(attempt, fastrand::f64());
            let wait = wait.filter(|_| error.class().patience().allows(before));
            let Some(wait) = wait else { return Err(error) };
            tracing::info!(image = %self.image, attempt, ?wait, %error, "trying again");
            (self.watch)(&State::Retrying { attempt: attempt + 1, wait });
            last = Some(Box::new(error));
            if timeout_at(end, sleep(wait)).await.is_err() {
                break;
            }
        }
        Err(PullError::TimedOut { image: self.image.clone(), after, last })
    }

    async fn attempt(&self) -> Result<Pulled, PullError> {
        let mut lines = self.engine.pull(self.image, self.login);
        let mut tally = Tally::default();
        let mut digest = None;
        let mut fetched = true;
        (self.watch)(&State::Pulling(Layers::default()));
        while let Some(line) = self.next(&mut lines, &tally).await? {
            if let Some(layers) = tally.take(&line) {
                (self.watch)(&State::Pulling(layers));
            } else if let Some(found) = line.status.strip_prefix("Digest: ") {
                digest = Some(found.to_owned());
            } else if line.status.starts_with("Status: Image is up to date") {
                fetched = false;
            }
        }
        let digest = self.verified(digest).await?;
        Ok(Pulled { digest, fetched })
    }

    /// The next line, waited for as long as something moves: this pull, or, while this one
    /// only waits for its turn within the engine, any pull.
    async fn next(
        &self,
        lines: &mut BoxStream<'_, Result<Line, EngineError>>,
        tally: &Tally,
    ) -> Result<Option<Line>, PullError> {
        let after = self.deadlines.idle;
        let mut end = Instant::now() + after;
        loop {
            match timeout_at(end, lines.next()).await {
                Ok(None) => return Ok(None),
                Ok(Some(line)) => {
                    self.movement.mark();
                    return line.map(Some).map_err(|cause| self.refused(cause));
                }
                Err(_) if tally.is_queued() && self.movement.last() + after > end => {
                    end = self.movement.last() + after;
                }
                Err(_) => return Err(PullError::Stalled { image: self.image.clone(), after }),
            }
        }
    }

    /// The digest that the stream told, which the local image must have too. A stream that
    /// ends without one was cut.
    async fn verified(&self, told: Option<String>) -> Result<String, PullError> {
        let garbled = || EngineError::Garbled {
            host: self.address.to_owned(),
            why: "the pull ended without a digest".to_owned(),
        };
        let told = told.ok_or_else(|| self.refused(garbled()))?;
        let wanted = match self.image.version() {
            Version::Digest(digest) => digest,
            Version::Tag(_) => &told,
        };
        let silent = || EngineError::Unreachable { host: self.address.to_owned(), why: Unreachable::Silent };
        let local = timeout(self.deadlines.answer, self.engine.digests(self.image)).await;
        let local = local.unwrap_or_else(|_| Err(silent())).map_err(|cause| self.refused(cause))?;
        if told == *wanted && local.contains(wanted) {
            return Ok(told);
        }
        Err(PullError::Unverified { image: self.image.clone(), digest: told, local })
    }

    fn refused(&self, cause: EngineError) -> PullError {
        let anonymous = matches!(self.login, Login::Anonymous);
        let cause = match cause {
            EngineError::Said { status, code, text } => {
                let header = auth_header(self.image, self.login);
                EngineError::Said { status, code, text: without_login(text, self.login, header.as_ref()) }
            }
            cause => cause,
        };
        PullError::Engine { image: self.image.clone(), anonymous, cause }
    }
}
