//! All pulls of a plan: at once, within a limit, each after its own credential.

use std::pin::pin;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::behavior::Caching;
use super::disk::DiskLimits;
use super::image_pull::{ImagePull, RunContext};
use super::outcome::{PullOutcome, PullStats};
use super::progress::{ProgressObserver, PullState};
use super::pull_error::PullError;
use super::pull_limiter::PullLimiter;
use super::retry_loop::Deadlines;
use crate::credential::CredentialProvider;
use crate::engine::EngineConnector;
use crate::error::Failure;
use crate::plan::PlannedPull;
use crate::pull::spans;
use crate::retry::Backoff;
use crate::traces;

/// How much at once, how patiently, and when to stop.
#[derive(Clone, Copy, Debug)]
pub struct PullLimits {
    /// When a copy on the engine serves.
    pub caching: Caching,
    /// What is done about a disk without room.
    pub disk: DiskLimits,
    /// When a wait ends.
    pub deadlines: Deadlines,
    /// The waits between attempts.
    pub backoff: Backoff,
    /// Whether the first failure stops everything that is not done yet.
    pub fail_fast: bool,
}

/// Carries the pulls out and answers in their order. Every pull gets an outcome, also when
/// `interrupt` ends the work early.
pub async fn run<C: EngineConnector>(
    pulls: Vec<PlannedPull>,
    credentials: &dyn CredentialProvider,
    engine: &C,
    traffic: &PullLimiter,
    limits: &PullLimits,
    progress: &dyn ProgressObserver,
    interrupt: &CancellationToken,
) -> Vec<PullOutcome> {
    let stop = interrupt.child_token();
    let run = RunContext::new(engine, credentials, traffic, limits, &pulls);
    // In boxes: each takes its room when the pull has left its own.
    let mut outcomes: Vec<Option<Box<PullOutcome>>> = pulls.iter().map(|_| None).collect();
    let mut running: FuturesUnordered<_> = pulls
        .into_iter()
        .enumerate()
        .map(|(index, pull)| {
            let (run, stop) = (&run, &stop);
            let watch = move |state: &PullState| progress.update(index, state);
            let span = traces::pull_span(&pull.image);
            let within = span.clone();
            let course = async move {
                let account = PullStats::default();
                let course = ImagePull { run, pull: &pull, account: &account, stop, watch: &watch };
                // Pinned here: moved into the wait, it would lie in memory twice.
                let ended = stop.run_until_cancelled(pin!(course.run())).await;
                let result = ended.unwrap_or_else(|| Err(cancelled(&pull, interrupt.is_cancelled())));
                watch(&match &result {
                    Ok(pulled) => PullState::Done(pulled.clone()),
                    Err(failure) => PullState::Failed(failure.clone()),
                });
                let outcome = account.closed(result);
                spans::pulled(&span, &outcome);
                (index, outcome)
            };
            course.instrument(within)
        })
        .collect();
    while let Some((index, outcome)) = running.next().await {
        if limits.fail_fast && outcome.result.is_err() {
            stop.cancel();
        }
        outcomes[index] = Some(Box::new(outcome));
    }
    drop(running);
    outcomes.into_iter().flatten().map(|outcome| *outcome).collect()
}

/// The outcomes of a plan that must not begin, because its input failed and the first
/// failure was to end it.
#[must_use]
pub fn not_begun(pulls: &[PlannedPull]) -> Vec<PullOutcome> {
    pulls.iter().map(|pull| PullStats::default().closed(Err(cancelled(pull, false)))).collect()
}

fn cancelled(pull: &PlannedPull, interrupted: bool) -> Failure {
    let because = if interrupted { "it was interrupted" } else { "another one failed and --fail-fast was given" };
    Failure::from(PullError::Cancelled { image: pull.image.clone(), because })
}
