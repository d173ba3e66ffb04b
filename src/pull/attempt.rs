//! One attempt at a pull: the stream read to its end, and what it has brought looked at.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::outcome::{PullResultKind, PulledImage};
use super::progress::{LayerProgress, LayerTotals, PullState};
use super::pull_error::PullError;
use super::retry_loop::{PullMode, RetryLoop};
use crate::engine::stream_summary::{StreamOutcome, StreamSummary};
use crate::engine::{Engine, EngineError, LocalImage, ProgressMessage, PullRequest};
use crate::error::{Class, Explain as _};
use crate::task::ImageReference;

/// Since when nothing has moved, how long that may be so, and whether anything ever has.
struct IdleTimer {
    since: Instant,
    limit: Duration,
    has_begun: bool,
}

impl<E: Engine> RetryLoop<'_, E> {
    /// Does it once.
    pub(super) async fn attempt(&self) -> Result<PulledImage, PullError> {
        match self.task {
            PullMode::Pull => self.pulled().await,
            PullMode::Verify => self.verified().await,
        }
    }

    /// Whether the registry gives this very image to whoever has the login.
    async fn accepted(&self) -> Result<(), PullError> {
        let after = self.deadlines.begin;
        (self.watch)(&PullState::Verifying);
        let Ok(accepted) = timeout(after, self.engine.verify(self.wanted, self.login)).await else {
            return Err(self.silent(PullError::NotBegun { image: self.wanted.image.clone(), after }).await);
        };
        accepted.map_err(|cause| self.refused(cause))
    }

    async fn verified(&self) -> Result<PulledImage, PullError> {
        self.accepted().await?;
        let LocalImage { platform, .. } = self.local(&self.wanted.image).await?;
        let digest = self.wanted.image.version().as_str().to_owned();
        Ok(PulledImage { digest: Some(digest), how: PullResultKind::UpToDate, platform })
    }

    async fn pulled(&self) -> Result<PulledImage, PullError> {
        let told = self.stream().await?;
        let cut = || {
            let why = "the pull ended without telling which image it is".to_owned();
            self.refused(EngineError::Garbled { host: self.address.to_owned(), why })
        };
        if !told.may_be_whole() {
            return Err(cut());
        }
        let PullRequest { image, platform, stands_for } = self.wanted;
        if told.may_be_from_here(image) {
            self.accepted().await?;
        }
        let local = self.local(image).await?;
        let (digest, fetched) = match told.verdict(image, &local) {
            StreamOutcome::Pulled { digest, fetched } => (digest, fetched),
            StreamOutcome::Another { digest, fetched } if self.is_of_one_index(&digest, &local).await? => {
                (digest, fetched)
            }
            StreamOutcome::Another { digest, .. } => {
                return Err(PullError::Unverified { image: image.clone(), digest, local: local.digests });
            }
            StreamOutcome::Cut => return Err(cut()),
        };
        match (platform, &local.platform) {
            (Some(wanted), Some(found)) if !wanted.is_satisfied_by(found) => Err(PullError::WrongPlatform {
                image: image.clone(),
                wanted: wanted.to_string().into(),
                found: found.to_string().into(),
            }),
            _ => {
                if let Some(name) = stands_for {
                    self.named(&local, name).await?;
                }
                let how = if fetched { PullResultKind::Fetched } else { PullResultKind::UpToDate };
                Ok(PulledImage { digest: Some(digest), how, platform: local.platform })
            }
        }
    }

    /// Gives the image that was looked at the name that those who want it know it by.
    async fn named(&self, local: &LocalImage, name: &ImageReference) -> Result<(), PullError> {
        let image = &self.wanted.image;
        let named = timeout(self.deadlines.answer, self.engine.tag(&local.id, name)).await;
        named.unwrap_or_else(|_| Err(EngineError::silent(self.address))).map_err(|cause| {
            let (image, name) = (image.clone(), Box::new(name.clone()));
            PullError::Unnamed { image, name, cause }
        })
    }

    /// Whether this digest belongs to another image here, out of the same index. Docker keeps one
    /// image for the digest of an index, the first to come: a build for another platform then
    /// has the tag and no digest.
    async fn is_of_one_index(&self, digest: &str, local: &LocalImage) -> Result<bool, PullError> {
        if local.id.is_empty() || !local.digests.is_empty() {
            return Ok(false);
        }
        let first = self.local(&self.wanted.image.with_digest(digest)).await?;
        Ok(!first.id.is_empty() && first.id != local.id && first.platform != local.platform)
    }

    async fn stream(&self) -> Result<StreamSummary, PullError> {
        let mut lines = self.engine.pull(self.wanted, self.login);
        let mut tally = LayerProgress::default();
        let mut told = StreamSummary::default();
        let mut patience = IdleTimer { since: Instant::now(), limit: self.deadlines.begin, has_begun: false };
        (self.watch)(&PullState::Pulling(LayerTotals::default()));
        while let Some(line) = self.next(&mut lines, &tally, &patience).await? {
            // An engine may say the same again and again.
            if tally.moves(&line) {
                self.movement.mark();
                patience = IdleTimer { since: Instant::now(), limit: self.deadlines.idle, has_begun: true };
            }
            told.take(&line);
            if let Some(layers) = tally.take(&line) {
                (self.watch)(&PullState::Pulling(layers));
            }
            if tally.is_beyond_bounds() {
                let why = "it tells of more layers than an image has".to_owned();
                return Err(self.refused(EngineError::Garbled { host: self.address.to_owned(), why }));
            }
        }
        Ok(told)
    }

    /// The next line, waited for as long as something moves: this pull, or, while this one
    /// only waits for its turn within the engine, any pull.
    async fn next(
        &self,
        lines: &mut BoxStream<'_, Result<ProgressMessage, EngineError>>,
        tally: &LayerProgress,
        patience: &IdleTimer,
    ) -> Result<Option<ProgressMessage>, PullError> {
        let after = patience.limit;
        let mut end = patience.since + after;
        loop {
            match timeout_at(end, lines.next()).await {
                Ok(line) => return line.transpose().map_err(|cause| self.refused(cause)),
                Err(_) if tally.is_queued() && self.movement.last() + after > end => {
                    end = self.movement.last() + after;
                }
                Err(_) => {
                    let image = self.wanted.image.clone();
                    let stalled = if patience.has_begun {
                        PullError::Stalled { image, after }
                    } else {
                        PullError::NotBegun { image, after }
                    };
                    return Err(self.silent(stalled).await);
                }
            }
        }
    }

    /// What a silence means: it is the engine's own if that answers nothing at all any more.
    async fn silent(&self, otherwise: PullError) -> PullError {
        match self.local(&self.wanted.image).await {
            Err(gone) if gone.class() == Class::EngineGone => gone,
            _ => otherwise,
        }
    }

    /// An image as the engine has it now.
    pub(super) async fn local(&self, image: &ImageReference) -> Result<LocalImage, PullError> {
        let local = timeout(self.deadlines.answer, self.engine.local(image)).await;
        let local =
            local.unwrap_or_else(|_| Err(EngineError::silent(self.address))).map_err(|cause| self.refused(cause))?;
        Ok(local.unwrap_or_default())
    }
}
