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
use super::missed::Missed;
use super::one::{Pull, Task};
use super::outcome::{Account, How, Pulled};
use super::progress::State;
use super::pull_error::PullError;
use super::schedule::Limits;
use super::tags::Tags;
use super::traffic::Traffic;
use super::{Connect, Engine as _, EngineError, LocalImage, Wanted, through, traced};
use crate::credential::{Credential, Credentials, Login};
use crate::error::{Class, Failure};
use crate::plan::PlannedPull;
use crate::task::{ImageReference, Version};
use crate::traces;

/// What the pulls of one run have in common.
pub(super) struct Run<'a, C: Connect> {
    /// The engine being reached: asked once, by whoever waits for it.
    engine: Shared<BoxFuture<'a, Result<Arc<C::Engine>, EngineError>>>,
    address: String,
    credentials: &'a dyn Credentials,
    tags: Tags,
    traffic: &'a Traffic,
    /// The disk under the engine.
    pub disk: Disk<'a>,
    limits: &'a Limits,
}

/// One pull of the run.
pub(super) struct Course<'a, 'r, C: Connect> {
    pub run: &'a Run<'r, C>,
    pub pull: &'a PlannedPull,
    pub account: &'a Account,
    /// Says that nothing more is to begin.
    pub stop: &'a CancellationToken,
    pub watch: &'a (dyn Fn(&State) + Send + Sync),
}

/// A way to the image, and what is shown on it.
struct Way<'a> {
    pull: &'a PlannedPull,
    credential: Credential,
}

impl<'a, C: Connect> Run<'a, C> {
    pub(super) fn new(
        connect: &'a C,
        credentials: &'a dyn Credentials,
        traffic: &'a Traffic,
        limits: &'a Limits,
        pulls: &[PlannedPull],
    ) -> Self {
        let address = connect.address();
        let silent = EngineError::silent(&address);
        let engine = async move {
            let reached = timeout(limits.deadlines.answer, connect.connect()).await;
            reached.unwrap_or(Err(silent)).map(Arc::new)
        };
        let engine = engine.boxed().shared();
        let tags = Tags::new(pulls);
        let disk = Disk::new(limits.disk, limits.deadlines.answer, engine.clone(), &traffic.under_way);
        Self { engine, address, credentials, tags, traffic, disk, limits }
    }
}

impl<'a, C: Connect> Course<'a, '_, C> {
    /// From the credential to the image.
    pub(super) async fn run(&self) -> Result<Pulled, Failure> {
        // Engine and credential are sought at the same time: the one costs the other nothing.
        (self.watch)(&State::Authorizing);
        let engine = async { self.run.engine.clone().await.map_err(|error| Failure::from(&error)) };
        let (engine, mut way) = futures_util::future::try_join(engine, self.first_way()).await?;
        (self.watch)(&State::Waiting);
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
            match self.in_turn(&engine, &way, known.as_deref()).await {
                Err(missed) if self.gives_up(&way, &missed.failure) => {
                    way = Box::pin(self.upstream(missed.failure)).await?;
                }
                Err(missed) if self.has_another(&way) => {
                    break Err(through::explained(missed.told(), way.pull, &self.pull.image));
                }
                result => break result.map_err(Missed::told),
            }
        };
        if let (Some(place), Ok(Pulled { digest: Some(digest), .. })) = (&mut unknown, &result) {
            **place = Some(digest.clone());
        }
        result
    }

    /// The way to begin with: through the rule, if there is one and its token is to be had.
    async fn first_way(&self) -> Result<Way<'a>, Failure> {
        match self.way(self.pull.first_way()).await {
            Err(failure) if self.pull.through.is_some() && through::is_out_of_order(failure.link, failure.class) => {
                // In a box, as all that few of thousands need.
                Box::pin(self.upstream(failure)).await
            }
            way => way,
        }
    }

    /// The upstream's own way, because of this failure on the rule's.
    async fn upstream(&self, failure: Failure) -> Result<Way<'a>, Failure> {
        tracing::info!(image = %self.pull.image, failure = %failure.message, "the rule's way is given up for the upstream");
        (self.watch)(&State::AskingUpstream(failure.clone()));
        self.account.falls_back(failure);
        self.way(self.pull).await
    }

    async fn way(&self, pull: &'a PlannedPull) -> Result<Way<'a>, Failure> {
        let credential = traced::credential(pull, self.run.credentials.credential(pull)).await;
        let credential = credential.map_err(Arc::unwrap_or_clone)?;
        Ok(Way { pull, credential })
    }

    /// Whether there is another way after this one.
    fn has_another(&self, way: &Way<'_>) -> bool {
        !std::ptr::eq(way.pull, self.pull)
    }

    fn gives_up(&self, way: &Way<'_>, failure: &Failure) -> bool {
        self.has_another(way) && through::is_out_of_order(failure.link, failure.class)
    }

    /// This way, when its registry's turn has come. `known` is the digest that the tag stands for.
    async fn in_turn(&self, engine: &C::Engine, way: &Way<'_>, known: Option<&str>) -> Result<Pulled, Missed> {
        let _turn =
            self.run.traffic.next(&way.pull.image, way.pull.platform.as_ref()).instrument(traces::permit_span()).await;
        if self.stop.is_cancelled() {
            // The turn of one that was stopped: whoever runs this ends it now.
            return pending().await;
        }
        self.account.begun();
        self.account.shows(&way.credential.origin);
        let PlannedPull { image, platform, .. } = way.pull;
        let (task, image) = match known {
            Some(digest) => (Task::Verify, image.at(digest)),
            None => (Task::Pull, image.clone()),
        };
        let stands_for = self.has_another(way).then(|| self.pull.image.clone());
        let wanted = Wanted { image, platform: platform.clone(), stands_for };
        // In a box, because thousands may wait for their turn and only a few have one.
        Box::pin(self.on(engine, task, &wanted, way)).await
    }

    /// A copy where one serves, what the registry says where not.
    async fn on(&self, engine: &C::Engine, task: Task, wanted: &Wanted, way: &Way<'_>) -> Result<Pulled, Missed> {
        let caching = self.run.limits.caching;
        if caching.looks_first()
            && let Some(local) = self.copy(engine, wanted, caching).await?
            && let Some(cached) = self.accepted(engine, wanted, &local, way, caching).await?
        {
            return Ok(cached);
        }
        let missed = match self.done(engine, task, wanted, way).await {
            Ok(pulled) => return Ok(pulled),
            Err(missed) => missed,
        };
        if self.gives_up(way, &missed.failure) || !caching.falls_back(&missed.failure) {
            return Err(missed);
        }
        // What the registry said is what the reader must hear, whatever the engine says now.
        let Ok(Some(local)) = self.copy(engine, wanted, caching).await else { return Err(missed) };
        (self.watch)(&State::FallingBack(missed.failure.clone()));
        Ok(cached(&local, wanted, false, Some(missed.failure)))
    }

    /// The copy on the engine that counts: what the engine has under the image's own name,
    /// whichever way it came.
    async fn copy(&self, engine: &C::Engine, wanted: &Wanted, caching: Caching) -> Result<Option<LocalImage>, Failure> {
        let name = if let Version::Tag(_) = wanted.image.version() { &self.pull.image } else { &wanted.image };
        let mut local = self.local(engine, name).await?;
        // Docker keeps digests under the name that an image was pulled by, and none under
        // those that it was given.
        if let (Some(copy), Some(rule)) = (&mut local, &self.pull.through)
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
        local.unwrap_or_else(|_| Err(EngineError::silent(&self.run.address))).map_err(|error| Failure::from(&error))
    }

    /// The copy as a result, once the registry has accepted the credential for it where it
    /// must. A copy that the registry no longer has is none.
    async fn accepted(
        &self,
        engine: &C::Engine,
        wanted: &Wanted,
        local: &LocalImage,
        way: &Way<'_>,
        caching: Caching,
    ) -> Result<Option<Pulled>, Missed> {
        // Behind a rule nothing is for everybody, also if the container names no credentials.
        if !caching.must_verify(&self.pull.first_way().need, self.run.tags.is_shared(self.pull)) {
            return Ok(Some(cached(local, wanted, false, None)));
        }
        let Some(digest) = local.digest_of(&wanted.image) else { return Ok(None) };
        let this = Wanted { image: wanted.image.at(digest), ..wanted.clone() };
        match self.done(engine, Task::Verify, &this, way).await {
            Ok(_) => Ok(Some(cached(local, wanted, true, None))),
            Err(missed) if missed.failure.class == Class::Absent => Ok(None),
            Err(missed) => Err(missed),
        }
    }

    /// What is to be done, with this way's credential, or with a newer one when it was refused.
    async fn done(&self, engine: &C::Engine, task: Task, wanted: &Wanted, way: &Way<'_>) -> Result<Pulled, Missed> {
        // It was had before the wait for this turn.
        if let Some(unread) = self.run.credentials.doubted(way.pull, &way.credential) {
            return Err(Missed::refused_before(&way.pull.image, &unread));
        }
        let shown = Instant::now();
        let refused = match self.guarded(engine, task, wanted, &way.credential.login).await {
            Ok(pulled) => return Ok(pulled),
            Err(error) => error,
        };
        let renewed = match self.renewed(way, shown, &refused).await {
            Ok(Some(renewed)) => renewed,
            Ok(None) => return Err(Failure::from(&refused).into()),
            Err(unread) => return Err(Missed::in_doubt(Failure::from(&refused), &unread)),
        };
        self.account.shows(&renewed.origin);
        let again = self.guarded(engine, task, wanted, &renewed.login).await;
        again.map_err(|error| Failure::from(&error).into())
    }

    /// The credential to try once more with, when the registry refused this one and its
    /// secret has another version by now.
    async fn renewed(
        &self,
        refused: &Way<'_>,
        shown: Instant,
        error: &PullError,
    ) -> Result<Option<Credential>, Arc<Failure>> {
        if !error.is_refusal() {
            return Ok(None);
        }
        let sought = self.run.credentials.after_refusal(refused.pull, &refused.credential, shown);
        traced::renewed(refused.pull, sought).await
    }

    pub(super) fn one<'b>(
        &'b self,
        engine: &'b C::Engine,
        task: Task,
        wanted: &'b Wanted,
        login: &'b Login,
        watch: &'b (dyn Fn(&State) + Send + Sync),
    ) -> Pull<'b, C::Engine> {
        let Limits { deadlines, backoff, .. } = *self.run.limits;
        Pull {
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
fn cached(local: &LocalImage, wanted: &Wanted, verified: bool, instead_of: Option<Failure>) -> Pulled {
    Pulled {
        digest: local.digest_of(&wanted.image).map(str::to_owned),
        how: How::Cached { verified, instead_of: instead_of.map(Box::new) },
        platform: local.platform.clone(),
    }
}
