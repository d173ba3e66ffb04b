//! Runs all pulls of a plan concurrently, within the limits.

use std::pin::pin;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::image_pull::ImagePull;
use super::limiter::PullLimiter;
use super::limits::PullLimits;
use super::pull_error::{CancelReason, PullError};
use super::pull_outcome::PullOutcome;
use super::pull_state::{ProgressObserver, PullState};
use super::pull_stats::PullStats;
use super::run_context::RunContext;
use super::spans;
use crate::credential::CredentialProvider;
use crate::engine::EngineConnector;
use crate::error::Failure;
use crate::plan::PlannedPull;
use crate::traces;

/// Runs the pulls and returns their outcomes in the same order. Every pull has an outcome, also
/// when `interrupt` is cancelled before it starts.
pub async fn run<C: EngineConnector>(
    pulls: Vec<PlannedPull>,
    credentials: &dyn CredentialProvider,
    engine: &C,
    limiter: &PullLimiter,
    limits: &PullLimits,
    progress: &dyn ProgressObserver,
    interrupt: &CancellationToken,
) -> Vec<PullOutcome> {
    let stop = interrupt.child_token();
    let run = RunContext::new(engine, credentials, limiter, limits, &pulls);
    // Boxed: memory for an outcome is allocated only when the future of its pull has been freed.
    let mut outcomes: Vec<Option<Box<PullOutcome>>> = pulls.iter().map(|_| None).collect();
    let mut running: FuturesUnordered<_> = pulls
        .into_iter()
        .enumerate()
        .map(|(index, pull)| {
            let (run, stop) = (&run, &stop);
            let observer = move |state: &PullState| progress.update(index, state);
            let span = traces::pull_span(&pull.image);
            let outer_span = span.clone();
            let work = async move {
                let stats = PullStats::default();
                let image_pull = ImagePull { run, pull: &pull, stats: &stats, stop, observer: &observer };
                // Pinned here: if it were moved into `run_until_cancelled`, it would be in memory twice.
                let result = stop.run_until_cancelled(pin!(image_pull.run())).await;
                let result = result.unwrap_or_else(|| {
                    let is_interrupted = interrupt.is_cancelled();
                    Err(cancelled(&pull, if is_interrupted { CancelReason::Interrupt } else { CancelReason::FailFast }))
                });
                observer(&match &result {
                    Ok(image) => PullState::Done(image.clone()),
                    Err(failure) => PullState::Failed(failure.clone()),
                });
                let outcome = stats.into_outcome(result);
                spans::end_pull(&span, &outcome);
                (index, outcome)
            };
            work.instrument(outer_span)
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

/// Returns the outcomes of pulls that must not start, because another input is invalid and
/// [`PullLimits::fail_fast`] is set.
#[must_use]
pub fn cancelled_outcomes(pulls: &[PlannedPull]) -> Vec<PullOutcome> {
    let outcome = |pull| PullStats::default().into_outcome(Err(cancelled(pull, CancelReason::FailFast)));
    pulls.iter().map(outcome).collect()
}

fn cancelled(pull: &PlannedPull, reason: CancelReason) -> Failure {
    PullError::Cancelled { image: pull.image.clone(), reason }.into()
}
