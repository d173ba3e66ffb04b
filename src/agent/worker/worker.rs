//! The worker: the loop over all jobs, and the runs and retries of one job; the interface to the
//! pipeline, and the two stages in which an agent stops.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::agent::job::{JobResult, Submission};
use crate::agent::job_events::JobEvents;
use crate::agent::job_id::JobId;
use crate::agent::job_store::{ActiveJob, JobPhase, JobStore};
use crate::agent::observer::AgentObserver;
use crate::agent::panics::catch_panic;
use crate::agent::timestamp::Timestamp;
use crate::error::{Class, Failure, Link, Printable};
use crate::pipeline::IssuedLogin;
use crate::report::{Report, RunOutcome, Subject};
use crate::retry::Backoff;
use crate::task::ImageReference;
use crate::traces;

/// The signals that stop an agent.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Cancelled when no new run may start; running jobs may continue.
    pub drain: CancellationToken,
    /// Cancelled when running jobs must end at once.
    pub abort: CancellationToken,
}

/// Executes submissions. The agent decides when and how often.
pub trait JobExecutor: Send + Sync {
    /// Plans the pulls of a definition, without contacting AWS, a registry or the engine.
    fn plan(&self, source: &str, definition: &[u8]) -> JobPlan;

    /// Checks once whether the engine responds, within the deadline of a small request.
    fn check_engine(&self) -> BoxFuture<'_, Result<(), Failure>>;

    /// Returns the login for the registry of an image; `None` if taskpull does not manage logins
    /// for that registry. The wait is bounded.
    fn login<'a>(&'a self, image: &'a ImageReference) -> BoxFuture<'a, Result<Option<IssuedLogin>, Arc<Failure>>>;

    /// Plans the submission, starts `events` with its pulls, and pulls its images. Ends early when
    /// `interrupt` is cancelled.
    fn run<'a>(
        &'a self,
        submission: &'a Submission,
        events: &'a JobEvents,
        interrupt: &'a CancellationToken,
    ) -> BoxFuture<'a, Report>;
}

/// The plan of a submission.
pub struct JobPlan {
    /// Each container as it would be pulled, or why it cannot be.
    pub report: Report,
    /// The pulls, without duplicates.
    pub subjects: Vec<Subject>,
}

/// The delays between the runs of a job.
const RETRY_BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(2), Duration::from_mins(5));

/// The highest number of managed jobs that run at the same time. Without a limit, an agent that
/// starts with a thousand definitions would send a thousand requests to the engine at once.
const MANAGED_JOB_CONCURRENCY: usize = 32;

/// Runs the jobs of a job store.
pub struct Worker<'a> {
    /// The jobs to run.
    pub job_store: &'a Arc<JobStore>,
    /// Executes each run of a job.
    pub executor: &'a dyn JobExecutor,
    /// Receives the result of each job.
    pub observer: &'a dyn AgentObserver,
    /// How long a job with temporary failures is retried, counted from its first run.
    pub give_up_after: Duration,
}

/// Whether a job may run now.
enum Admission<'s> {
    /// The job runs without a permit: a caller has submitted it, or it was cancelled and ends at once.
    Unlimited,
    /// A managed job runs while this value holds its permit.
    Limited { _permit: SemaphorePermit<'s> },
    /// The agent stops, so the job must not run.
    Stopping,
}

impl Worker<'_> {
    /// Runs jobs until `shutdown.drain` is cancelled, and then until no job runs any more.
    pub async fn run(&self, mut queue: mpsc::UnboundedReceiver<JobId>, shutdown: &Shutdown) {
        let permits = Semaphore::new(MANAGED_JOB_CONCURRENCY);
        let mut running = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                () = shutdown.drain.cancelled() => break,
                Some(id) = queue.recv() => {
                    running.extend(self.job_store.active_job(&id).map(|job| self.run_traced(job, shutdown, &permits)));
                }
                Some(()) = running.next() => {}
            }
        }
        while running.next().await.is_some() {}
    }

    async fn run_traced(&self, active: Arc<ActiveJob>, shutdown: &Shutdown, permits: &Semaphore) {
        let span = traces::request_span(&active.job.id, &active.job.submission.source);
        let run = async {
            if catch_panic(self.run_job(Arc::clone(&active), shutdown, permits)).await.is_err() {
                let end = catch_panic(self.end(&active, &panic_report(&active))).await;
                if end.is_err() {
                    tracing::error!(id = %active.job.id, "the end of a request could not be stored after a panic");
                }
            }
        };
        run.instrument(span).await;
    }

    /// Runs one job until it ends or the agent stops.
    async fn run_job(&self, active: Arc<ActiveJob>, shutdown: &Shutdown, permits: &Semaphore) {
        let ActiveJob { job, events, cancel, .. } = &*active;
        if job.is_managed() {
            let Submission { source, definition, .. } = &job.submission;
            events.start(self.executor.plan(source.as_str(), definition.as_bytes()).subjects);
            tracing::debug!(id = %job.id, %source, "request planned");
        }
        let mut first_run = None;
        let mut failures = 0;
        loop {
            let admission = wait_for_admission(&active, shutdown, permits).await;
            if let Admission::Stopping = admission {
                return events.end(None);
            }
            active.set_phase(JobPhase::Running);
            let first_run = *first_run.get_or_insert_with(Instant::now);
            let interrupt = shutdown.abort.child_token();
            if cancel.is_cancelled() {
                interrupt.cancel();
            }
            let run = self.executor.run(&job.submission, events, &interrupt);
            let report = run_or_interrupt(run, cancel, &interrupt).await;
            drop(admission);
            let is_aborted = shutdown.abort.is_cancelled() && !cancel.is_cancelled();
            if is_aborted && report.outcome() != RunOutcome::Success {
                return events.end(None);
            }
            failures += 1;
            // Jitter over the upper half only, so that a retry never follows at once.
            let delay = RETRY_BACKOFF.max_delay(failures).mul_f64(0.5 + fastrand::f64() / 2.0);
            let Some(error) = temporary_failure(&report).filter(|_| !cancel.is_cancelled()) else {
                return self.end(&active, &report).await;
            };
            if first_run.elapsed() + delay > self.give_up_after {
                return self.end(&active, &report).await;
            }
            let retry_at = Timestamp::new(SystemTime::now() + delay);
            tracing::info!(id = %job.id, error = %error.message, retry_in = ?delay, "request failed temporarily; it will be retried");
            events.postpone(&error, retry_at);
            active.set_phase(JobPhase::Waiting { error, retry_at });
            tokio::select! {
                biased;
                // Polled first: a job that was cancelled must not run again after the next start.
                () = cancel.cancelled() => return self.end(&active, &report).await,
                () = shutdown.drain.cancelled() => return events.end(None),
                () = sleep(delay) => {}
            }
        }
    }

    async fn end(&self, active: &Arc<ActiveJob>, report: &Report) {
        let result = match report.outcome() {
            RunOutcome::Success => JobResult::Succeeded,
            _ if active.cancel.is_cancelled() => JobResult::Cancelled,
            _ => JobResult::Failed,
        };
        traces::record_request_end(&Span::current(), result.as_str(), report.failures().next());
        self.observer.job_ended(&active.job, result, report);
        self.job_store.end(active, result, report).await;
    }
}

/// The report of a job whose run panicked.
fn panic_report(active: &ActiveJob) -> Report {
    let failure = Failure {
        link: Link::Agent,
        class: Class::Unknown,
        resource: active.job.submission.source.clone(),
        message: Printable::new("a defect of taskpull ended the work on this request"),
        caused_by: Vec::new(),
        hint: Some(Printable::new(
            "`journalctl -u taskpull --grep panic` shows the place of the panic: please report it, and submit the request again",
        )),
    };
    Report::of_failure(failure)
}

/// Waits until a job may run. A managed job waits for a permit, unless it is cancelled.
async fn wait_for_admission<'s>(active: &ActiveJob, shutdown: &Shutdown, permits: &'s Semaphore) -> Admission<'s> {
    if !active.job.is_managed() {
        return Admission::Unlimited;
    }
    active.set_phase(JobPhase::Queued);
    tokio::select! {
        biased;
        () = shutdown.drain.cancelled() => Admission::Stopping,
        () = active.cancel.cancelled() => Admission::Unlimited,
        // The semaphore is never closed.
        permit = permits.acquire() => permit.map_or(Admission::Unlimited, |permit| Admission::Limited { _permit: permit }),
    }
}

/// Waits for a run, and interrupts it when the job is cancelled.
async fn run_or_interrupt(
    mut run: BoxFuture<'_, Report>,
    cancel: &CancellationToken,
    interrupt: &CancellationToken,
) -> Report {
    tokio::select! {
        biased;
        report = &mut run => return report,
        () = cancel.cancelled() => interrupt.cancel(),
    }
    run.await
}

/// The first failure of a report whose failures are all temporary. If one of them is permanent,
/// a retry would send a refused login to its registry again.
fn temporary_failure(report: &Report) -> Option<Failure> {
    let is_temporary =
        |failure: &Failure| failure.is_outage() || matches!(failure.class, Class::EngineGone | Class::EngineBusy);
    report.failures().all(is_temporary).then(|| report.failures().next().cloned()).flatten()
}
