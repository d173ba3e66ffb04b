//! All pulls of a plan: at once, within a limit, each after its own credential.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fault::PullError;
use super::one::{Deadlines, Pull, Pulled};
use super::progress::{Progress, State};
use super::{Connect, EngineError};
use crate::credential::{Credential, Origin, Promise};
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
    /// Where the credential came from, when there was one to use.
    pub origin: Option<Origin>,
    /// From its turn to its end; the wait for its turn does not count.
    pub duration: Duration,
    /// Attempts made; 0 when the engine was never asked.
    pub attempts: u32,
}

/// Carries the pulls out and answers in their order. Every pull gets an outcome, also when
/// `interrupt` ends the work early.
pub async fn run<C: Connect + Sync>(
    pulls: &[(PlannedPull, Promise)],
    engine: &C,
    limits: &Limits,
    progress: &dyn Progress,
    interrupt: &CancellationToken,
) -> Vec<Outcome> {
    let stop = interrupt.child_token();
    let shared =
        Shared { connect: engine, engine: OnceCell::new(), turns: Semaphore::new(limits.concurrency.get()), limits };
    let mut running: FuturesUnordered<_> = pulls
        .iter()
        .enumerate()
        .map(|(index, (pull, promise))| {
            let (shared, stop) = (&shared, &stop);
            let watch = move |state: &State| progress.update(index, state);
            async move {
                let ended = stop.run_until_cancelled(shared.pull(pull, promise.clone(), &watch)).await;
                let outcome = ended.unwrap_or_else(|| cancelled(pull, interrupt.is_cancelled()));
                watch(&match &outcome.result {
                    Ok(pulled) => State::Done { fetched: pulled.fetched },
                    Err(_) => State::Failed,
                });
                (index, outcome)
            }
        })
        .collect();
    let mut outcomes: Vec<Option<Outcome>> = pulls.iter().map(|_| None).collect();
    while let Some((index, outcome)) = running.next().await {
        if limits.fail_fast && outcome.result.is_err() {
            stop.cancel();
        }
        outcomes[index] = Some(outcome);
    }
    outcomes.into_iter().flatten().collect()
}

/// The outcomes of a plan that must not begin, because its input failed and the first
/// failure was to end it.
#[must_use]
pub fn none(pulls: &[(PlannedPull, Promise)]) -> Vec<Outcome> {
    pulls.iter().map(|(pull, _)| cancelled(pull, false)).collect()
}

fn cancelled(pull: &PlannedPull, interrupted: bool) -> Outcome {
    let because = if interrupted { "it was interrupted" } else { "another one failed and --fail-fast was given" };
    let error = PullError::Cancelled { image: pull.image.clone(), because };
    Outcome { result: Err(Failure::from(&error)), origin: None, duration: Duration::ZERO, attempts: 0 }
}

/// What the pulls of one run have in common.
struct Shared<'a, C: Connect> {
    connect: &'a C,
    engine: OnceCell<Result<C::Engine, EngineError>>,
    turns: Semaphore,
    limits: &'a Limits,
}

impl<C: Connect> Shared<'_, C> {
    /// Engine and credential are sought at the same time: the one costs the other nothing.
    async fn pull(&self, pull: &PlannedPull, promise: Promise, watch: &(dyn Fn(&State) + Send + Sync)) -> Outcome {
        watch(&State::Authorizing);
        let never_began =
            |failure| Outcome { result: Err(failure), origin: None, duration: Duration::ZERO, attempts: 0 };
        let engine = async {
            let reached = self.engine.get_or_init(|| self.connect.connect()).await;
            reached.as_ref().map_err(Failure::from)
        };
        let credential = async { promise.await.map_err(Arc::unwrap_or_clone) };
        let (engine, credential) = match futures_util::future::try_join(engine, credential).await {
            Ok(both) => both,
            Err(failure) => return never_began(failure),
        };
        watch(&State::Waiting);
        // The semaphore is never closed, so there always is a turn.
        let _turn = self.turns.acquire().await.ok();
        self.begin(engine, &credential, pull, watch).await
    }

    async fn begin(
        &self,
        engine: &C::Engine,
        credential: &Credential,
        pull: &PlannedPull,
        watch: &(dyn Fn(&State) + Send + Sync),
    ) -> Outcome {
        let begun = Instant::now();
        let Limits { deadlines, backoff, .. } = *self.limits;
        let one = Pull { engine, image: &pull.image, login: &credential.login, deadlines, backoff, watch };
        let (result, attempts) = one.run().await;
        Outcome {
            result: result.map_err(|error| Failure::from(&error)),
            origin: Some(credential.origin.clone()),
            duration: begun.elapsed(),
            attempts,
        }
    }
}
