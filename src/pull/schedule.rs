//! All pulls of a plan: at once, within a limit, each after its own credential.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::movement::Movement;
use super::one::{Deadlines, Pull, Pulled};
use super::progress::{Progress, State};
use super::pull_error::PullError;
use super::{Connect, EngineError, Unreachable};
use crate::credential::{Credential, Credentials, Login, Origin};
use crate::error::Failure;
use crate::plan::PlannedPull;
use crate::retry::Backoff;

/// How much at once, how patiently, and when to stop.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Pulls the engine is asked for at the same time.
    pub concurrency: NonZeroUsize,
    /// When a wait ends.
    pub deadlines: Deadlines,
    /// The waits between attempts.
    pub backoff: Backoff,
    /// Whether the first failure stops everything that is not done yet.
    pub fail_fast: bool,
}

/// How one pull ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The image's digest, or why it is not there.
    pub result: Result<Pulled, Failure>,
    /// Where the credential came from, once there was one and the pull had its turn.
    pub origin: Option<Origin>,
    /// From its turn to its end; the wait for its turn does not count.
    pub duration: Duration,
    /// Attempts begun; 0 when the engine was never asked.
    pub attempts: u32,
}

/// Carries the pulls out and answers in their order. Every pull gets an outcome, also when
/// `interrupt` ends the work early.
pub async fn run<C: Connect>(
    pulls: Vec<PlannedPull>,
    credentials: &dyn Credentials,
    engine: &C,
    limits: &Limits,
    progress: &dyn Progress,
    interrupt: &CancellationToken,
) -> Vec<Outcome> {
    let stop = interrupt.child_token();
    let run = Run::new(engine, credentials, limits);
    let mut outcomes: Vec<Option<Outcome>> = pulls.iter().map(|_| None).collect();
    let mut running: FuturesUnordered<_> = pulls
        .into_iter()
        .enumerate()
        .map(|(index, pull)| {
            let (run, stop) = (&run, &stop);
            let watch = move |state: &State| progress.update(index, state);
            async move {
                let account = Account::default();
                // Pinned here: moved into the wait, it would lie in memory twice.
                let ended = stop.run_until_cancelled(pin!(run.pull(&pull, &account, &watch))).await;
                let result = ended.unwrap_or_else(|| Err(cancelled(&pull, interrupt.is_cancelled())));
                watch(&match &result {
                    Ok(pulled) => State::Done { fetched: pulled.fetched },
                    Err(_) => State::Failed,
                });
                (index, account.closed(result))
            }
        })
        .collect();
    while let Some((index, outcome)) = running.next().await {
        if limits.fail_fast && outcome.result.is_err() {
            stop.cancel();
        }
        outcomes[index] = Some(outcome);
    }
    drop(running);
    outcomes.into_iter().flatten().collect()
}

/// The outcomes of a plan that must not begin, because its input failed and the first
/// failure was to end it.
#[must_use]
pub fn not_begun(pulls: &[PlannedPull]) -> Vec<Outcome> {
    pulls.iter().map(|pull| Account::default().closed(Err(cancelled(pull, false)))).collect()
}

fn cancelled(pull: &PlannedPull, interrupted: bool) -> Failure {
    let because = if interrupted { "it was interrupted" } else { "another one failed and --fail-fast was given" };
    Failure::from(&PullError::Cancelled { image: pull.image.clone(), because })
}

/// What one pull has come to so far; kept outside of it, so that it is known however the
/// pull ends.
#[derive(Default)]
struct Account {
    begun: Mutex<Option<(Origin, Instant)>>,
    attempts: AtomicU32,
}

impl Account {
    /// A turn begins, or goes on with another credential.
    fn begin(&self, origin: &Origin) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let since = begun.as_ref().map_or_else(Instant::now, |(_, since)| *since);
        *begun = Some((origin.clone(), since));
    }

    fn closed(self, result: Result<Pulled, Failure>) -> Outcome {
        let attempts = self.attempts.into_inner();
        let (origin, duration) = match self.begun.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some((origin, begun)) => (Some(origin), begun.elapsed()),
            None => (None, Duration::ZERO),
        };
        Outcome { result, origin, duration, attempts }
    }
}

/// What the pulls of one run have in common.
struct Run<'a, C: Connect> {
    /// The engine being reached: asked once, by whoever waits for it.
    engine: Shared<BoxFuture<'a, Result<Arc<C::Engine>, EngineError>>>,
    address: String,
    credentials: &'a dyn Credentials,
    turns: Semaphore,
    movement: Movement,
    limits: &'a Limits,
}

impl<'a, C: Connect> Run<'a, C> {
    fn new(connect: &'a C, credentials: &'a dyn Credentials, limits: &'a Limits) -> Self {
        let address = connect.address();
        let silent = EngineError::Unreachable { host: address.clone(), why: Unreachable::Silent };
        let engine = async move {
            let reached = timeout(limits.deadlines.answer, connect.connect()).await;
            reached.unwrap_or(Err(silent)).map(Arc::new)
        };
        Self {
            engine: engine.boxed().shared(),
            address,
            credentials,
            turns: Semaphore::new(limits.concurrency.get()),
            movement: Movement::new(),
            limits,
        }
    }

    /// Engine and credential are sought at the same time: the one costs the other nothing.
    async fn pull(
        &self,
        pull: &PlannedPull,
        account: &Account,
        watch: &(dyn Fn(&State) + Send + Sync),
    ) -> Result<Pulled, Failure> {
        watch(&State::Authorizing);
        let engine = async { self.engine.clone().await.map_err(|error| Failure::from(&error)) };
        let credential = async { self.credentials.credential(pull).await.map_err(Arc::unwrap_or_clone) };
        let (engine, credential) = futures_util::future::try_join(engine, credential).await?;
        watch(&State::Waiting);
        // The semaphore is never closed, so there always is a turn.
        let _turn = self.turns.acquire().await.ok();
        // In a box, because thousands may wait for their turn and only a few have one.
        Box::pin(self.in_turn(&engine, pull, &credential, account, watch)).await
    }

    /// With this credential, and with another one if the registry refuses it.
    async fn in_turn(
        &self,
        engine: &C::Engine,
        pull: &PlannedPull,
        credential: &Credential,
        account: &Account,
        watch: &(dyn Fn(&State) + Send + Sync),
    ) -> Result<Pulled, Failure> {
        let shown = Instant::now();
        account.begin(&credential.origin);
        let refused = match self.one(engine, pull, &credential.login, account, watch).run().await {
            Ok(pulled) => return Ok(pulled),
            Err(error) => error,
        };
        let Some(renewed) = self.renewed(pull, credential, shown, &refused).await else {
            return Err(Failure::from(&refused));
        };
        account.begin(&renewed.origin);
        let again = self.one(engine, pull, &renewed.login, account, watch).run().await;
        again.map_err(|error| Failure::from(&error))
    }

    /// The credential to try once more with, when the registry refused this one and its
    /// secret has another version by now.
    async fn renewed(
        &self,
        pull: &PlannedPull,
        refused: &Credential,
        shown: Instant,
        error: &PullError,
    ) -> Option<Credential> {
        if !error.is_refusal() {
            return None;
        }
        match self.credentials.after_refusal(pull, refused, shown).await {
            Ok(renewed) => renewed,
            Err(failure) => {
                // What the registry said is what the reader must hear.
                tracing::info!(image = %pull.image, failure = %failure.message, "the secret could not be read again");
                None
            }
        }
    }

    fn one<'b>(
        &'b self,
        engine: &'b C::Engine,
        pull: &'b PlannedPull,
        login: &'b Login,
        account: &'b Account,
        watch: &'b (dyn Fn(&State) + Send + Sync),
    ) -> Pull<'b, C::Engine> {
        Pull {
            engine,
            address: &self.address,
            image: &pull.image,
            login,
            deadlines: self.limits.deadlines,
            backoff: self.limits.backoff,
            movement: &self.movement,
            attempts: &account.attempts,
            watch,
        }
    }
}
