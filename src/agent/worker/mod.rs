//! The runner: every accepted request is carried out, and tried again while its failure may
//! pass.
//!
//! All of them run as futures of the one task that runs this. A request that is not done when
//! the agent ends stays open on disk, and begins anew with the next one: pulling what is
//! there already costs a question.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use super::job::{JobId, JobResult, Submission, Timestamp};
use super::job_events::JobEvents;
use super::job_store::{ActiveJob, JobPhase, JobStore};
use super::observer::AgentObserver;
use crate::error::{Class, Failure};
use crate::pipeline::{Backoff, IssuedLogin};
use crate::report::Subject;
use crate::report::{Report, RunOutcome};
use crate::task::ImageReference;
use crate::traces;

/// The delays before a job is tried again.
const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(2), Duration::from_mins(5));

/// Placed requests, the watched folder's and the cluster's, that are carried out at the same
/// time. A start with a thousand of them must not ask a thousand things of the engine at once.
const PLACED_AT_ONCE: usize = 32;

/// Carries out what a submission wants; the rest of the program.
pub trait JobExecutor: Send + Sync {
    /// What it would come to, as far as that is known without asking anybody.
    fn plan(&self, source: &str, definition: &[u8]) -> JobPlan;

    /// Whether the engine answers; it is asked once, and not for longer than a small question
    /// may take.
    fn engine(&self) -> BoxFuture<'_, Result<(), Failure>>;

    /// The login for an image's registry; `None` where that is not ours. The wait is bounded.
    fn login<'a>(&'a self, image: &'a ImageReference) -> BoxFuture<'a, Result<Option<IssuedLogin>, Arc<Failure>>>;

    /// Plans it, says so to the feed, and pulls its images. `interrupt` ends it early.
    fn run<'a>(
        &'a self,
        submission: &'a Submission,
        feed: &'a JobEvents,
        interrupt: &'a CancellationToken,
    ) -> BoxFuture<'a, Report>;
}

/// What a submission would come to.
pub struct JobPlan {
    /// Each container as planned, or why it cannot be.
    pub report: Report,
    /// The pulls.
    pub subjects: Vec<Subject>,
}

/// Carries out the requests of a desk.
pub struct Worker<'a> {
    /// Whose requests.
    pub desk: &'a Arc<JobStore>,
    /// Who does it.
    pub work: &'a dyn JobExecutor,
    /// Who is told what came of each.
    pub witness: &'a dyn AgentObserver,
    /// How long a request is tried again whose failure may pass.
    pub give_up_after: Duration,
}

/// When the agent is to end.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Nothing more begins, and nobody waits to try again.
    pub drain: CancellationToken,
    /// What is under way ends now.
    pub now: CancellationToken,
}

impl Worker<'_> {
    /// Runs until nothing is left after `stop.drain`, or `stop.now`.
    pub async fn run(&self, mut accepted: mpsc::UnboundedReceiver<JobId>, stop: &Shutdown) {
        let turns = Semaphore::new(PLACED_AT_ONCE);
        let mut running = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                () = stop.drain.cancelled() => break,
                Some(id) = accepted.recv() => running.extend(self.desk.open(&id).map(|open| self.traced(open, stop, &turns))),
                Some(()) = running.next() => {}
            }
        }
        while running.next().await.is_some() {}
    }

    async fn traced(&self, open: Arc<ActiveJob>, stop: &Shutdown, turns: &Semaphore) {
        let span = traces::request_span(&open.request.id, &open.request.submission.source);
        self.one(open, stop, turns).instrument(span).await;
    }

    /// One request, to its end or the agent's.
    async fn one(&self, open: Arc<ActiveJob>, stop: &Shutdown, turns: &Semaphore) {
        if open.request.submission.submitted_by.is_managed() {
            let Submission { source, definition, .. } = &open.request.submission;
            open.feed.begin(self.work.plan(source.as_str(), definition.as_bytes()).subjects);
            tracing::debug!(id = %open.request.id, source = %open.request.submission.source, "planned");
        }
        let mut begun = None;
        let mut failures = 0;
        loop {
            let Some(turn) = turn(&open, stop, turns).await else { return open.feed.end(None) };
            open.enter(JobPhase::Running);
            let begun = *begun.get_or_insert_with(Instant::now);
            let interrupt = stop.now.child_token();
            if open.cancel.is_cancelled() {
                interrupt.cancel();
            }
            let work = self.work.run(&open.request.submission, &open.feed, &interrupt);
            let report = ended(work, &open.cancel, &interrupt).await;
            drop(turn);
            let is_over = stop.now.is_cancelled() && !open.cancel.is_cancelled();
            if is_over && report.outcome() != RunOutcome::Success {
                open.feed.end(None);
                return;
            }
            failures += 1;
            // At least half of it: who comes back at once has not waited.
            let wait = BACKOFF.max_delay(failures).mul_f64(0.5 + fastrand::f64() / 2.0);
            let Some(error) = passing(&report).filter(|_| !open.cancel.is_cancelled()) else {
                return self.end(&open, &report).await;
            };
            if begun.elapsed() + wait > self.give_up_after {
                return self.end(&open, &report).await;
            }
            let retry_at = Timestamp::new(SystemTime::now() + wait);
            tracing::info!(id = %open.request.id, failure = %error.message, ?wait, "it is tried again");
            open.feed.postpone(&error, retry_at);
            open.enter(JobPhase::Waiting { error, retry_at });
            tokio::select! {
                biased;
                // First: what was called off must not begin anew with the next agent.
                () = open.cancel.cancelled() => return self.end(&open, &report).await,
                () = stop.drain.cancelled() => return open.feed.end(None),
                () = sleep(wait) => {}
            }
        }
    }

    async fn end(&self, open: &Arc<ActiveJob>, report: &Report) {
        let how = match report.outcome() {
            RunOutcome::Success => JobResult::Succeeded,
            _ if open.cancel.is_cancelled() => JobResult::Cancelled,
            _ => JobResult::Failed,
        };
        traces::record_request_end(&Span::current(), how.word(), report.failures().next());
        self.witness.ended(&open.request, how, report);
        self.desk.end(open, how, report).await;
    }
}

/// Waits until it may run: what is placed for its turn, unless it is called off, and what a
/// peer sent not at all. `None`: the agent ends first.
async fn turn<'t>(open: &ActiveJob, stop: &Shutdown, turns: &'t Semaphore) -> Option<Option<SemaphorePermit<'t>>> {
    if !open.request.submission.submitted_by.is_managed() {
        return Some(None);
    }
    open.enter(JobPhase::Queued);
    tokio::select! {
        biased;
        () = stop.drain.cancelled() => None,
        () = open.cancel.cancelled() => Some(None),
        // It is never closed; were it, going on would be right.
        permit = turns.acquire() => Some(permit.ok()),
    }
}

/// Waits for the work, and ends it when the request is called off.
async fn ended(mut work: BoxFuture<'_, Report>, cancel: &CancellationToken, interrupt: &CancellationToken) -> Report {
    tokio::select! {
        biased;
        report = &mut work => return report,
        () = cancel.cancelled() => interrupt.cancel(),
    }
    work.await
}

/// A failure of the report, if there is one and every one of them may pass by itself. Where
/// one is for good, trying again would show a refused login once more.
fn passing(report: &Report) -> Option<Failure> {
    let may_pass =
        |failure: &Failure| failure.is_outage() || matches!(failure.class, Class::EngineGone | Class::EngineBusy);
    report.failures().all(may_pass).then(|| report.failures().next().cloned()).flatten()
}

#[cfg(test)]
mod tests;
