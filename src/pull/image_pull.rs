//! The course of one image: its credential, its turn, the copy that may serve, the pull, once
//! more with a newer credential, the other way where there is one, and the copy that serves
//! instead.

use std::future::pending;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::behavior::Caching;
use super::disk::Disk;
use super::outcome::{PullResultKind, PullStats, PulledImage};
use super::progress::PullState;
use super::pull_error::PullError;
use super::pull_failure::PullFailure;
use super::pull_limiter::PullLimiter;
use super::retry_loop::{PullMode, RetryLoop};
use super::scheduler::PullLimits;
use super::tag_resolutions::TagResolutions;
use crate::credential::{Credential, CredentialProvider, Login};
use crate::engine::{Engine as _, EngineConnector, EngineError, LocalImage, PullRequest};
use crate::error::{Class, Failure};
use crate::plan::PlannedPull;
use crate::pull::{fallback, spans};
use crate::task::{ImageReference, ImageVersion};
use crate::traces;

/// What the pulls of one run have in common.
pub(super) struct RunContext<'a, C: EngineConnector> {
    /// The engine being reached: asked once, by whoever waits for it.
    engine: Shared<BoxFuture<'a, Result<Arc<C::Engine>, EngineError>>>,
    address: String,
    credentials: &'a dyn CredentialProvider,
    tags: TagResolutions,
    traffic: &'a PullLimiter,
    /// The disk under the engine.
    pub disk: Disk<'a>,
    limits: &'a PullLimits,
}

/// One pull of the run.
pub(super) struct ImagePull<'a, 'r, C: EngineConnector> {
    pub run: &'a RunContext<'r, C>,
    pub pull: &'a PlannedPull,
    pub account: &'a PullStats,
    /// Says that nothing more is to begin.
    pub stop: &'a CancellationToken,
    pub watch: &'a (dyn Fn(&PullState) + Send + Sync),
}

/// A way to the image, and what is shown on it.
struct Route<'a> {
    pull: &'a PlannedPull,
    credential: Credential,
}

impl<'a, C: EngineConnector> RunContext<'a, C> {
    pub(super) fn new(
        connect: &'a C,
        credentials: &'a dyn CredentialProvider,
        traffic: &'a PullLimiter,
        limits: &'a PullLimits,
        pulls: &[PlannedPull],
    ) -> Self {
        let address = connect.address();
        let silent = EngineError::silent(&address);
        let engine = async move {
            let reached = timeout(limits.deadlines.answer, connect.connect()).await;
            reached.unwrap_or(Err(silent)).map(Arc::new)
        };
        let engine = engine.boxed().shared();
        let tags = TagResolutions::new(pulls);
        let disk = Disk::new(limits.disk, limits.deadlines.answer, engine.clone(), &traffic.under_way);
        Self { engine, address, credentials, tags, traffic, disk, limits }
    }
}

impl<'a, C: EngineConnector> ImagePull<'a, '_, C> {
    /// From the credential to the image.
    pub(super) async fn run(&self) -> Result<PulledImage, Failure> {
        // Engine and credential are sought at the same time: the one costs the other nothing.
        (self.watch)(&PullState::Authorizing);
        let engine = async { self.run.engine.clone().await.map_err(Failure::from) };
        let (engine, mut way) = futures_util::future::try_join(engine, self.first_way()).await?;
        (self.watch)(&PullState::Waiting);
        self.account.queues();
        // A tag that another pull of this run has resolved is that image here too: it lies on
        // the engine, and what is left to ask is whether this pull's credential may have it.
        let (mut unknown, known) = match self.run.tags.tag(self.pull) {
            None => (None, None),
            Some(tag) => match tag.digest().await {
                Ok(digest) => (None, Some(digest)),
                Err(place) => (Some(place), None),
            },
        };
        let result = loop {
            match self.run_with_permit(&engine, &way, known.as_deref()).await {
                Err(missed) if self.gives_up(&way, &missed.failure) => {
                    way = Box::pin(self.upstream(missed.failure)).await?;
                }
                Err(missed) if self.has_another(&way) => {
                    break Err(fallback::explained(missed.into_failure(), way.pull, &self.pull.image));
                }
                result => break result.map_err(PullFailure::into_failure),
            }
        };
        if let (Some(place), Ok(PulledImage { digest: Some(digest), .. })) = (&mut unknown, &result) {
            **place = Some(digest.clone());
        }
        result
    }

    /// The way to begin with: through the rule, if there is one and its token is to be had.
    async fn first_way(&self) -> Result<Route<'a>, Failure> {
        match self.way(self.pull.first_route()).await {
            Err(failure)
                if self.pull.pull_through.is_some() && fallback::should_fall_back(failure.link, failure.class) =>
            {
                // In a box, as all that few of thousands need.
                Box::pin(self.upstream(failure)).await
            }
            way => way,
        }
    }

    /// The upstream's own way, because of this failure on the rule's.
    async fn upstream(&self, failure: Failure) -> Result<Route<'a>, Failure> {
        tracing::info!(image = %self.pull.image, failure = %failure.message, "the rule's way is given up for the upstream");
        (self.watch)(&PullState::AskingUpstream(failure.clone()));
        self.account.falls_back(failure);
        self.way(self.pull).await
    }

    async fn way(&self, pull: &'a PlannedPull) -> Result<Route<'a>, Failure> {
        let credential = spans::credential(pull, self.run.credentials.credential(pull)).await;
        let credential = credential.map_err(Arc::unwrap_or_clone)?;
        Ok(Route { pull, credential })
    }

    /// Whether there is another way after this one.
    fn has_another(&self, way: &Route<'_>) -> bool {
        !std::ptr::eq(way.pull, self.pull)
    }

    fn gives_up(&self, way: &Route<'_>, failure: &Failure) -> bool {
        self.has_another(way) && fallback::should_fall_back(failure.link, failure.class)
    }

    /// This way, when its registry's turn has come. `known` is the digest that the tag stands for.
    async fn run_with_permit(
        &self,
        engine: &C::Engine,
        way: &Route<'_>,
        known: Option<&str>,
    ) -> Result<PulledImage, PullFailure> {
        let _turn = self
            .run
            .traffic
            .acquire(&way.pull.image, way.pull.platform.as_ref())
            .instrument(traces::permit_span())
            .await;
        if self.stop.is_cancelled() {
            // The turn of one that was stopped: whoever runs this ends it now.
            return pending().await;
        }
        self.account.begun();
        self.account.shows(&way.credential.provenance);
        let PlannedPull { image, platform, .. } = way.pull;
        let (task, image) = match known {
            Some(digest) => (PullMode::Verify, image.with_digest(digest)),
            None => (PullMode::Pull, image.clone()),
        };
        let stands_for = self.has_another(way).then(|| self.pull.image.clone());
        let wanted = PullRequest { image, platform: platform.clone(), stands_for };
        // In a box, because thousands may wait for their turn and only a few have one.
        Box::pin(self.pull_or_use_cached(engine, task, &wanted, way)).await
    }

    /// A copy where one serves, what the registry says where not.
    async fn pull_or_use_cached(
        &self,
        engine: &C::Engine,
        task: PullMode,
        wanted: &PullRequest,
        way: &Route<'_>,
    ) -> Result<PulledImage, PullFailure> {
        let caching = self.run.limits.caching;
        if caching.looks_first()
            && let Some(local) = self.copy(engine, wanted, caching).await?
            && let Some(cached) = self.accepted(engine, wanted, &local, way, caching).await?
        {
            return Ok(cached);
        }
        let missed = match self.pull_with_credential_refresh(engine, task, wanted, way).await {
            Ok(pulled) => return Ok(pulled),
            Err(missed) => missed,
        };
        if self.gives_up(way, &missed.failure) || !caching.falls_back(&missed.failure) {
            return Err(missed);
        }
        // What the registry said is what the reader must hear, whatever the engine says now.
        let Ok(Some(local)) = self.copy(engine, wanted, caching).await else { return Err(missed) };
        (self.watch)(&PullState::FallingBack(missed.failure.clone()));
        Ok(cached(&local, wanted, false, Some(missed.failure)))
    }

    /// The copy on the engine that counts: what the engine has under the image's own name,
    /// whichever way it came.
    async fn copy(
        &self,
        engine: &C::Engine,
        wanted: &PullRequest,
        caching: Caching,
    ) -> Result<Option<LocalImage>, Failure> {
        let name = if let ImageVersion::Tag(_) = wanted.image.version() { &self.pull.image } else { &wanted.image };
        let mut local = self.local(engine, name).await?;
        // Docker keeps digests under the name that an image was pulled by, and none under
        // those that it was given.
        if let (Some(copy), Some(rule)) = (&mut local, &self.pull.pull_through)
            && copy.digests.is_empty()
            && let Some(behind) = self.local(engine, &rule.image).await?
            && behind.id == copy.id
        {
            copy.digests = behind.digests;
        }
        Ok(local.filter(|local| caching.counts(local, wanted.platform.as_ref())))
    }

    async fn local(&self, engine: &C::Engine, image: &ImageReference) -> Result<Option<LocalImage>, Failure> {
        let local = timeout(self.run.limits.deadlines.answer, engine.local(image)).await;
        local.unwrap_or_else(|_| Err(EngineError::silent(&self.run.address))).map_err(Failure::from)
    }

    /// The copy as a result, once the registry has accepted the credential for it where it
    /// must. A copy that the registry no longer has is none.
    async fn accepted(
        &self,
        engine: &C::Engine,
        wanted: &PullRequest,
        local: &LocalImage,
        way: &Route<'_>,
        caching: Caching,
    ) -> Result<Option<PulledImage>, PullFailure> {
        // Behind a rule nothing is for everybody, also if the container names no credentials.
        if !caching.must_verify(&self.pull.first_route().need, self.run.tags.is_shared(self.pull)) {
            return Ok(Some(cached(local, wanted, false, None)));
        }
        let Some(digest) = local.digest_of(&wanted.image) else { return Ok(None) };
        let this = PullRequest { image: wanted.image.with_digest(digest), ..wanted.clone() };
        match self.pull_with_credential_refresh(engine, PullMode::Verify, &this, way).await {
            Ok(_) => Ok(Some(cached(local, wanted, true, None))),
            Err(missed) if missed.failure.class == Class::Absent => Ok(None),
            Err(missed) => Err(missed),
        }
    }

    /// What is to be done, with this way's credential, or with a newer one when it was refused.
    async fn pull_with_credential_refresh(
        &self,
        engine: &C::Engine,
        task: PullMode,
        wanted: &PullRequest,
        way: &Route<'_>,
    ) -> Result<PulledImage, PullFailure> {
        // It was had before the wait for this turn.
        if let Some(unread) = self.run.credentials.quarantine_reason(way.pull, &way.credential) {
            return Err(PullFailure::refused_before(&way.pull.image, &unread));
        }
        let shown = Instant::now();
        let refused = match self.pull_with_disk_check(engine, task, wanted, &way.credential.login).await {
            Ok(pulled) => return Ok(pulled),
            Err(error) => error,
        };
        let renewed = match self.renewed(way, shown, &refused).await {
            Ok(Some(renewed)) => renewed,
            Ok(None) => return Err(Failure::from(refused).into()),
            Err(unread) => return Err(PullFailure::in_doubt(Failure::from(refused), &unread)),
        };
        self.account.shows(&renewed.provenance);
        let again = self.pull_with_disk_check(engine, task, wanted, &renewed.login).await;
        again.map_err(|error| Failure::from(error).into())
    }

    /// The credential to try once more with, when the registry refused this one and its
    /// secret has another version by now.
    async fn renewed(
        &self,
        refused: &Route<'_>,
        shown: Instant,
        error: &PullError,
    ) -> Result<Option<Credential>, Arc<Failure>> {
        if !error.is_refusal() {
            return Ok(None);
        }
        let sought = self.run.credentials.refresh_after_refusal(refused.pull, &refused.credential, shown);
        spans::renewed(refused.pull, sought).await
    }

    pub(super) fn one<'b>(
        &'b self,
        engine: &'b C::Engine,
        task: PullMode,
        wanted: &'b PullRequest,
        login: &'b Login,
        watch: &'b (dyn Fn(&PullState) + Send + Sync),
    ) -> RetryLoop<'b, C::Engine> {
        let PullLimits { deadlines, backoff, .. } = *self.run.limits;
        RetryLoop {
            engine,
            address: &self.run.address,
            task,
            wanted,
            login,
            deadlines,
            backoff,
            movement: &self.run.traffic.movement,
            account: self.account,
            watch,
            given_up: wanted.stands_for.is_some().then(|| Instant::now() + deadlines.begin),
        }
    }
}

/// A copy as a result.
fn cached(local: &LocalImage, wanted: &PullRequest, verified: bool, instead_of: Option<Failure>) -> PulledImage {
    PulledImage {
        digest: local.digest_of(&wanted.image).map(str::to_owned),
        how: PullResultKind::Cached { verified, instead_of: instead_of.map(Box::new) },
        platform: local.platform.clone(),
    }
}
