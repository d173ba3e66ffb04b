//! One pull: the stream read to its end, the digest checked, another attempt where it may
//! help.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{sleep, timeout};

use super::fault::PullError;
use super::progress::{State, Tally};
use super::{Engine, EngineError};
use crate::credential::Login;
use crate::error::Explain as _;
use crate::retry::Backoff;
use crate::task::{ImageReference, Version};

/// When a wait ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// The engine must say something within this time, from the request to the last line.
    pub idle: Duration,
    /// A pull with all its attempts must be done within this time.
    pub total: Duration,
}

/// An image that is on the engine now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The manifest's digest, as the local image has it (F5, F6).
    pub digest: String,
    /// Whether anything had to be fetched; `false` when the image was up to date (F8).
    pub fetched: bool,
}

/// What to pull, how patiently, and who watches.
pub(super) struct Pull<'a, E> {
    pub engine: &'a E,
    pub image: &'a ImageReference,
    pub login: &'a Login,
    pub deadlines: Deadlines,
    pub backoff: Backoff,
    pub watch: &'a (dyn Fn(&State) + Send + Sync),
}

impl<E: Engine> Pull<'_, E> {
    /// Pulls until it is done, refused, or out of attempts or time. Says how many attempts
    /// it took.
    pub(super) async fn run(&self) -> (Result<Pulled, PullError>, u32) {
        let mut attempt = 1;
        let all = async {
            loop {
                let error = match self.attempt().await {
                    Ok(pulled) => return Ok(pulled),
                    Err(error) => error,
                };
                let wait = self.backoff.wait(attempt, fastrand::f64()).filter(|_| error.class().may_pass());
                let Some(wait) = wait else { return Err(error) };
                attempt += 1;
                tracing::info!(image = %self.image, attempt, ?wait, %error, "trying again");
                (self.watch)(&State::Retrying { attempt, wait });
                sleep(wait).await;
            }
        };
        let after = self.deadlines.total;
        let result = match timeout(after, all).await {
            Ok(result) => result,
            Err(_) => Err(PullError::TimedOut { image: self.image.clone(), after }),
        };
        (result, attempt)
    }

    async fn attempt(&self) -> Result<Pulled, PullError> {
        let mut lines = self.engine.pull(self.image, self.login);
        let mut tally = Tally::default();
        let mut digest = None;
        let mut fetched = true;
        (self.watch)(&State::Pulling(super::Layers::default()));
        loop {
            let line = match timeout(self.deadlines.idle, lines.next()).await {
                Err(_) => return Err(PullError::Stalled { image: self.image.clone(), after: self.deadlines.idle }),
                Ok(None) => break,
                Ok(Some(line)) => line.map_err(|cause| self.refused(cause))?,
            };
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

    /// The digest of the local image, which must be the one the stream spoke of. An engine
    /// whose stream has none (Podman) is taken at the local image's word.
    async fn verified(&self, said: Option<String>) -> Result<String, PullError> {
        let local = match timeout(super::ANSWER, self.engine.digests(self.image)).await {
            Ok(local) => local.map_err(|cause| self.refused(cause))?,
            Err(_) => return Err(PullError::Stalled { image: self.image.clone(), after: super::ANSWER }),
        };
        let wanted = match self.image.version() {
            Version::Digest(digest) => Some(digest.clone()),
            Version::Tag(_) => said,
        };
        let found = match &wanted {
            Some(wanted) => local.iter().find(|digest| *digest == wanted),
            None => local.first(),
        };
        found.cloned().ok_or_else(|| PullError::Unverified {
            image: self.image.clone(),
            digest: wanted.unwrap_or_else(|| "an image".to_owned()),
            local,
        })
    }

    fn refused(&self, cause: EngineError) -> PullError {
        let anonymous = matches!(self.login, Login::Anonymous);
        PullError::Engine { image: self.image.clone(), anonymous, cause }
    }
}
