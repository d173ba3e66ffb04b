//! The course of one image: its credential, its turn, the copy that may serve, the pull, once
//! more with a newer credential, and the copy that serves instead.

use std::future::pending;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::behavior::Caching;
use super::disk::Disk;
use super::movement::Movement;
use super::one::{Pull, Task};
use super::outcome::{Account, How, Pulled};
use super::progress::State;
use super::pull_error::PullError;
use super::schedule::Limits;
use super::turns::Turns;
use super::{Connect, Engine as _, EngineError, LocalImage, Wanted};
use crate::credential::{Credential, Credentials, Login};
use crate::error::{Class, Failure};
use crate::plan::PlannedPull;

/// What the pulls of one run have in common.
pub(super) struct Run<'a, C: Connect> {
    /// The engine being reached: asked once, by whoever waits for it.
    engine: Shared<BoxFuture<'a, Result<Arc<C::Engine>, EngineError>>>,
    address: String,
    credentials: &'a dyn Credentials,
    turns: Turns,
    /// The disk under the engine.
    pub disk: Disk<'a>,
    movement: Movement,
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

impl<'a, C: Connect> Run<'a, C> {
    pub(super) fn new(
        connect: &'a C,
        credentials: &'a dyn Credentials,
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
        let turns = Turns::new(pulls, limits.concurrency);
        let disk = Disk::new(limits.disk, limits.deadlines.answer, engine.clone());
        Self { engine, address, credentials, turns, disk, movement: Movement::new(), limits }
    }
}

impl<C: Connect> Course<'_, '_, C> {
    /// From the credential to the image.
    pub(super) async fn run(&self) -> Result<Pulled, Failure> {
        // Engine and credential are sought at the same time: the one costs the other nothing.
        (self.watch)(&State::Authorizing);
        let engine = async { self.run.engine.clone().await.map_err(|error| Failure::from(&error)) };
        let credential = async { self.run.credentials.credential(self.pull).await.map_err(Arc::unwrap_or_clone) };
        let (engine, credential) = futures_util::future::try_join(engine, credential).await?;
        (self.watch)(&State::Waiting);
        self.account.queues();
        let PlannedPull { image, platform, .. } = self.pull;
        let mut wanted = Wanted { image: image.clone(), platform: platform.clone() };
        // A tag that another pull of this run has resolved is that image here too: it lies on
        // the engine, and what is left to ask is whether this pull's credential may have it.
        let (mut unknown, task) = match self.run.turns.tag(self.pull) {
            None => (None, Task::Pull),
            Some(tag) => match tag.digest().await {
                Ok(digest) => {
                    wanted.image = image.at(&digest);
                    (None, Task::Verify)
                }
                Err(place) => (Some(place), Task::Pull),
            },
        };
        let _turn = self.run.turns.next(image).await;
        if self.stop.is_cancelled() {
            // The turn of one that was stopped: whoever runs this ends it now.
            return pending().await;
        }
        self.account.begins();
        self.account.shows(&credential.origin);
        // In a box, because thousands may wait for their turn and only a few have one.
        let result = Box::pin(self.on(&engine, task, &wanted, credential)).await;
        if let (Some(place), Ok(Pulled { digest: Some(digest), .. })) = (&mut unknown, &result) {
            **place = Some(digest.clone());
        }
        result
    }

    /// A copy where one serves, what the registry says where not.
    async fn on(
        &self,
        engine: &C::Engine,
        task: Task,
        wanted: &Wanted,
        credential: Credential,
    ) -> Result<Pulled, Failure> {
        let caching = self.run.limits.caching;
        if caching.looks_first()
            && let Some(local) = self.copy(engine, wanted, caching).await?
            && let Some(cached) = self.accepted(engine, wanted, &local, &credential, caching).await?
        {
            return Ok(cached);
        }
        let failure = match self.done(engine, task, wanted, credential).await {
            Ok(pulled) => return Ok(pulled),
            Err(failure) => failure,
        };
        if !caching.falls_back(&failure) {
            return Err(failure);
        }
        // What the registry said is what the reader must hear, whatever the engine says now.
        let Ok(Some(local)) = self.copy(engine, wanted, caching).await else { return Err(failure) };
        (self.watch)(&State::FallingBack(failure.clone()));
        Ok(cached(&local, wanted, false, Some(failure)))
    }

    /// The copy on the engine that counts.
    async fn copy(&self, engine: &C::Engine, wanted: &Wanted, caching: Caching) -> Result<Option<LocalImage>, Failure> {
        let local = timeout(self.run.limits.deadlines.answer, engine.local(&wanted.image)).await;
        let local = local
            .unwrap_or_else(|_| Err(EngineError::silent(&self.run.address)))
            .map_err(|error| Failure::from(&error))?;
        Ok(local.filter(|local| caching.counts(local, wanted.platform.as_ref())))
    }

    /// The copy as a result, once the registry has accepted the credential for it where it
    /// must. A copy that the registry no longer has is none.
    async fn accepted(
        &self,
        engine: &C::Engine,
        wanted: &Wanted,
        local: &LocalImage,
        credential: &Credential,
        caching: Caching,
    ) -> Result<Option<Pulled>, Failure> {
        if !caching.must_verify(&self.pull.need, self.run.turns.is_shared(self.pull)) {
            return Ok(Some(cached(local, wanted, false, None)));
        }
        let Some(digest) = local.digest_of(&wanted.image) else { return Ok(None) };
        let this = Wanted { image: wanted.image.at(digest), platform: wanted.platform.clone() };
        match self.done(engine, Task::Verify, &this, credential.clone()).await {
            Ok(_) => Ok(Some(cached(local, wanted, true, None))),
            Err(failure) if failure.class == Class::Absent => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// What is to be done, with this credential, or with a newer one when it was refused.
    async fn done(
        &self,
        engine: &C::Engine,
        task: Task,
        wanted: &Wanted,
        credential: Credential,
    ) -> Result<Pulled, Failure> {
        let shown = Instant::now();
        let refused = match self.guarded(engine, task, wanted, &credential.login).await {
            Ok(pulled) => return Ok(pulled),
            Err(error) => error,
        };
        let Some(renewed) = self.renewed(&credential, shown, &refused).await else {
            return Err(Failure::from(&refused));
        };
        self.account.shows(&renewed.origin);
        let again = self.guarded(engine, task, wanted, &renewed.login).await;
        again.map_err(|error| Failure::from(&error))
    }

    /// The credential to try once more with, when the registry refused this one and its
    /// secret has another version by now.
    async fn renewed(&self, refused: &Credential, shown: Instant, error: &PullError) -> Option<Credential> {
        if !error.is_refusal() {
            return None;
        }
        match self.run.credentials.after_refusal(self.pull, refused, shown).await {
            Ok(renewed) => renewed,
            Err(failure) => {
                // What the registry said is what the reader must hear.
                tracing::info!(image = %self.pull.image, failure = %failure.message, "the secret could not be read again");
                None
            }
        }
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
            movement: &self.run.movement,
            account: self.account,
            watch,
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
