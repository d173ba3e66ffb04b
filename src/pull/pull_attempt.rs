//! One attempt at a pull: reads the pull stream to its end and checks the image that it brought.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::idle_timer::IdleTimer;
use super::last_activity::LastActivity;
use super::layer_progress::{LayerProgress, LayerTotals};
use super::limits::Deadlines;
use super::pull_error::PullError;
use super::pull_mode::PullMode;
use super::pull_stage::{PullStage, StageRecord};
use super::pull_state::{PullObserver, PullState};
use super::pulled_image::{PullResultKind, PulledImage};
use crate::answers::{PullContext, PullPhase, SentLogin};
use crate::credential::{Login, redact_login};
use crate::engine::auth_header::auth_header;
use crate::engine::stream_summary::{StreamOutcome, StreamSummary};
use crate::engine::{Engine, EngineError, LocalImage, ProgressMessage, PullRequest};
use crate::error::{Class, Explain as _, Link};
use crate::task::{ImageReference, RegistryHost};

/// One attempt at a pull.
pub(super) struct PullAttempt<'a, E> {
    pub engine: &'a E,
    /// The engine's address, for errors.
    pub address: &'a str,
    pub mode: PullMode,
    pub request: &'a PullRequest,
    pub login: &'a Login,
    pub deadlines: Deadlines,
    pub last_activity: &'a LastActivity,
    pub stage: &'a StageRecord,
    pub observer: PullObserver<'a>,
}

/// The image of a pull stream, as the stream and the engine agree on it.
struct StreamedImage {
    digest: String,
    is_fetched: bool,
}

impl<E: Engine> PullAttempt<'_, E> {
    /// Pulls or verifies the image, once.
    pub(super) async fn run(&self) -> Result<PulledImage, PullError> {
        self.stage.reset();
        let result = match self.mode {
            PullMode::Pull => self.pull().await,
            PullMode::Verify => self.verify().await,
        };
        match result {
            Err(error @ PullError::Engine { .. }) => Err(self.list_platforms(error).await),
            result => result,
        }
    }

    async fn verify(&self) -> Result<PulledImage, PullError> {
        self.check_access().await?;
        let LocalImage { platform, .. } = self.local_image(&self.request.image).await?;
        let digest = self.request.image.version().as_str().to_owned();
        Ok(PulledImage { digest: Some(digest), kind: PullResultKind::UpToDate, platform })
    }

    /// Asks the registry whether this login may pull exactly this image.
    async fn check_access(&self) -> Result<(), PullError> {
        let limit = self.deadlines.begin;
        (self.observer)(&PullState::Verifying);
        let Ok(answer) = timeout(limit, self.engine.verify(self.request, self.login)).await else {
            return Err(self.engine_gone_or(PullError::NoAnswer { image: self.request.image.clone(), limit }).await);
        };
        answer.map_err(|cause| self.engine_error(cause))
    }

    async fn pull(&self) -> Result<PulledImage, PullError> {
        let PullRequest { image, platform, upstream_image } = self.request;
        let summary = self.read_stream().await?;
        if !summary.may_be_complete() {
            return Err(self.truncated_stream());
        }
        if summary.may_be_unverified(image) {
            self.check_access().await?;
        }
        let local = self.local_image(image).await?;
        let StreamedImage { digest, is_fetched } = self.confirm(summary, &local).await?;
        if let (Some(requested), Some(found)) = (platform, &local.platform)
            && !requested.is_satisfied_by(found)
        {
            let (image, requested, found) = (image.clone(), requested.to_string().into(), found.to_string().into());
            return Err(PullError::WrongPlatform { image, requested, found });
        }
        if let Some(name) = upstream_image {
            self.tag(&local, name).await?;
        }
        let kind = if is_fetched { PullResultKind::Fetched } else { PullResultKind::UpToDate };
        Ok(PulledImage { digest: Some(digest), kind, platform: local.platform })
    }

    /// Confirms that the local image is the one that the stream reported.
    async fn confirm(&self, summary: StreamSummary, local: &LocalImage) -> Result<StreamedImage, PullError> {
        let image = &self.request.image;
        match summary.outcome(image, local) {
            StreamOutcome::Pulled { digest, fetched } => Ok(StreamedImage { digest, is_fetched: fetched }),
            StreamOutcome::OtherImage { digest, fetched } if self.is_of_same_index(&digest, local).await? => {
                Ok(StreamedImage { digest, is_fetched: fetched })
            }
            StreamOutcome::OtherImage { digest, .. } => {
                Err(PullError::Unverified { image: image.clone(), digest, local: local.digests.clone() })
            }
            StreamOutcome::Incomplete => Err(self.truncated_stream()),
        }
    }

    /// Tags the image with the name in the task definition. The image is named by its id, because
    /// the tag that it was pulled by may have moved since.
    async fn tag(&self, local: &LocalImage, name: &ImageReference) -> Result<(), PullError> {
        let answer = timeout(self.deadlines.answer, self.engine.tag(&local.id, name)).await;
        answer.unwrap_or_else(|_| Err(EngineError::no_response(self.address))).map_err(|cause| {
            let (image, name) = (self.request.image.clone(), Box::new(name.clone()));
            PullError::TagFailed { image, name, cause }
        })
    }

    /// Whether this digest is on the engine as another image of the same index. Docker stores one
    /// image for the digest of an index, the first that was pulled; a build for another platform
    /// then has the tag and no digest.
    async fn is_of_same_index(&self, digest: &str, local: &LocalImage) -> Result<bool, PullError> {
        if local.id.is_empty() || !local.digests.is_empty() {
            return Ok(false);
        }
        let first = self.local_image(&self.request.image.with_digest(digest)).await?;
        Ok(!first.id.is_empty() && first.id != local.id && first.platform != local.platform)
    }

    async fn read_stream(&self) -> Result<StreamSummary, PullError> {
        let mut messages = self.engine.pull(self.request, self.login);
        let mut progress = LayerProgress::default();
        let mut summary = StreamSummary::default();
        let mut timer = IdleTimer::new(Instant::now(), self.deadlines.begin);
        (self.observer)(&PullState::Pulling(LayerTotals::default()));
        while let Some(message) = self.next_message(&mut messages, &progress, timer).await? {
            // An engine may repeat a message without any progress.
            if progress.is_new(&message) {
                self.last_activity.record();
                timer = IdleTimer::after_progress(Instant::now(), self.deadlines.idle);
            }
            summary.add(&message);
            self.stage.reach(PullStage::Begun);
            if let Some(layers) = progress.update(&message) {
                self.stage.reach(PullStage::Layers);
                (self.observer)(&PullState::Pulling(layers));
            }
            if progress.has_too_many_layers() {
                return Err(self.unreadable_stream("the pull stream lists more layers than an image can have"));
            }
        }
        Ok(summary)
    }

    /// Waits for the next message of the stream, as long as this pull makes progress or, while it
    /// waits inside the engine for others, any pull does.
    async fn next_message(
        &self,
        messages: &mut BoxStream<'_, Result<ProgressMessage, EngineError>>,
        progress: &LayerProgress,
        timer: IdleTimer,
    ) -> Result<Option<ProgressMessage>, PullError> {
        let mut deadline = timer.deadline(None);
        loop {
            if let Ok(message) = timeout_at(deadline, messages.next()).await {
                return message.transpose().map_err(|cause| self.engine_error(cause));
            }
            let extended = timer.deadline(progress.is_queued().then(|| self.last_activity.get()));
            if extended <= deadline {
                let (image, limit) = (self.request.image.clone(), timer.limit());
                let stalled = if timer.has_progressed() {
                    PullError::Stalled { image, limit }
                } else {
                    PullError::NoAnswer { image, limit }
                };
                return Err(self.engine_gone_or(stalled).await);
            }
            deadline = extended;
        }
    }

    /// Explains a silence: `otherwise`, unless the engine answers no other request either.
    async fn engine_gone_or(&self, otherwise: PullError) -> PullError {
        match self.local_image(&self.request.image).await {
            Err(error) if error.class() == Class::EngineGone => error,
            _ => otherwise,
        }
    }

    /// Returns the image as the engine has it now; an empty one if it has none.
    pub(super) async fn local_image(&self, image: &ImageReference) -> Result<LocalImage, PullError> {
        let answer = timeout(self.deadlines.answer, self.engine.inspect(image)).await;
        let local = answer.unwrap_or_else(|_| Err(EngineError::no_response(self.address)));
        Ok(local.map_err(|cause| self.engine_error(cause))?.unwrap_or_default())
    }

    /// Adds the platforms of the image to the error that it has none for this one. The engine's
    /// words do not name them.
    async fn list_platforms(&self, error: PullError) -> PullError {
        if (error.link(), error.class()) != (Link::Platform, Class::Unsupported) {
            return error;
        }
        let platforms = self.engine.platforms(&self.request.image, self.login);
        match (timeout(self.deadlines.answer, platforms).await, error) {
            (Ok(Ok(available)), PullError::Engine { image, cause, .. }) if !available.is_empty() => {
                let requested = self.request.platform.as_ref().map(|platform| platform.to_string().into());
                PullError::MissingPlatform { image, requested, available, cause }
            }
            (_, error) => error,
        }
    }

    fn truncated_stream(&self) -> PullError {
        self.unreadable_stream("the pull stream ended without naming the image")
    }

    fn unreadable_stream(&self, detail: &str) -> PullError {
        self.engine_error(EngineError::UnexpectedResponse { host: self.address.to_owned(), detail: detail.to_owned() })
    }

    /// An engine's error, with the login removed from its message.
    fn engine_error(&self, cause: EngineError) -> PullError {
        let image = &self.request.image;
        let cause = match cause {
            EngineError::ErrorMessage { status, code, text } => {
                let header = auth_header(image, self.login);
                let header = header.as_ref().and_then(|header| header.to_str().ok());
                EngineError::ErrorMessage { status, code, text: redact_login(text, self.login, header) }
            }
            cause => cause,
        };
        let phase = if self.stage.get() == PullStage::Layers { PullPhase::Layers } else { PullPhase::Manifest };
        let (login, reads_zstd) = (sent_login(self.login, image), self.engine.reads_zstd());
        let context = Box::new(PullContext { login, phase, reads_zstd });
        PullError::Engine { image: image.clone(), context, cause }
    }
}

/// What the registry is sent, without its values.
fn sent_login(login: &Login, image: &ImageReference) -> SentLogin {
    match login {
        Login::Anonymous => SentLogin::Anonymous,
        Login::Password { .. } | Login::IdentityToken(_) => {
            let remarks = login.remarks(Some(&RegistryHost::from_image(image)));
            SentLogin::Login { remarks: remarks.iter().map(ToString::to_string).collect() }
        }
    }
}
