//! One attempt at a pull: the stream read to its end, and what it has brought looked at.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::one::Pull;
use super::outcome::{How, Pulled};
use super::progress::{Layers, State, Tally};
use super::pull_error::PullError;
use super::{Engine, EngineError, Line, LocalImage, Unreachable, Wanted};
use crate::task::Version;

/// What a stream told that was read to its end.
struct Told {
    digest: Option<String>,
    fetched: bool,
}

impl<E: Engine> Pull<'_, E> {
    /// Pulls once.
    pub(super) async fn attempt(&self) -> Result<Pulled, PullError> {
        let told = self.stream().await?;
        let local = self.local().await?;
        // A stream that ends without a digest was cut.
        let why = "the pull ended without a digest".to_owned();
        let garbled = || self.refused(EngineError::Garbled { host: self.address.to_owned(), why });
        let digest = told.digest.ok_or_else(garbled)?;
        if let Some(fault) = self.fault(&digest, &local) {
            return Err(fault);
        }
        let how = if told.fetched { How::Fetched } else { How::UpToDate };
        Ok(Pulled { digest: Some(digest), how, platform: local.platform })
    }

    async fn stream(&self) -> Result<Told, PullError> {
        let mut lines = self.engine.pull(self.wanted, self.login);
        let mut tally = Tally::default();
        let mut told = Told { digest: None, fetched: true };
        let mut after = self.deadlines.begin;
        (self.watch)(&State::Pulling(Layers::default()));
        while let Some(line) = self.next(&mut lines, &tally, after).await? {
            after = self.deadlines.idle;
            if let Some(layers) = tally.take(&line) {
                (self.watch)(&State::Pulling(layers));
            } else if let Some(found) = line.status.strip_prefix("Digest: ") {
                told.digest = Some(found.to_owned());
            } else if line.status.starts_with("Status: Image is up to date") {
                told.fetched = false;
            }
        }
        Ok(told)
    }

    /// The next line that says something new, waited for as long as something moves: this
    /// pull, or, while this one only waits for its turn within the engine, any pull.
    async fn next(
        &self,
        lines: &mut BoxStream<'_, Result<Line, EngineError>>,
        tally: &Tally,
        after: Duration,
    ) -> Result<Option<Line>, PullError> {
        let mut end = Instant::now() + after;
        loop {
            match timeout_at(end, lines.next()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Err(cause))) => return Err(self.refused(cause)),
                // An engine may say the same again and again.
                Ok(Some(Ok(line))) if !tally.moves(&line) => {}
                Ok(Some(Ok(line))) => {
                    self.movement.mark();
                    return Ok(Some(line));
                }
                Err(_) if tally.is_queued() && self.movement.last() + after > end => {
                    end = self.movement.last() + after;
                }
                Err(_) => return Err(PullError::Stalled { image: self.wanted.image.clone(), after }),
            }
        }
    }

    /// The image as the engine has it now.
    async fn local(&self) -> Result<LocalImage, PullError> {
        let silent = || EngineError::Unreachable { host: self.address.to_owned(), why: Unreachable::Silent };
        let local = timeout(self.deadlines.answer, self.engine.local(&self.wanted.image)).await;
        let local = local.unwrap_or_else(|_| Err(silent())).map_err(|cause| self.refused(cause))?;
        Ok(local.unwrap_or_default())
    }

    /// What is wrong with the image that this pull has left: its digest must be the one that
    /// the stream told, its platform the one that was asked for (F6, H5).
    fn fault(&self, told: &str, local: &LocalImage) -> Option<PullError> {
        let Wanted { image, platform } = self.wanted;
        let wanted = match image.version() {
            Version::Digest(digest) => digest,
            Version::Tag(_) => told,
        };
        if told != wanted || !local.digests.iter().any(|digest| digest == wanted) {
            let local = local.digests.clone();
            return Some(PullError::Unverified { image: image.clone(), digest: told.to_owned(), local });
        }
        let (wanted, found) = (platform.as_ref()?, local.platform.as_ref()?);
        let (wanted_text, found_text) = (wanted.to_string().into(), found.to_string().into());
        let error = PullError::WrongPlatform { image: image.clone(), wanted: wanted_text, found: found_text };
        (!wanted.is_met_by(found)).then_some(error)
    }
}
