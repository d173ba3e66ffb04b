//! A worker with a scripted executor.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::agent::worker::{JobExecutor, JobPlan, Shutdown, Worker};
use crate::agent::{
    AgentObserver, Job, JobEvents, JobId, JobPhase, JobResult, JobSource, JobState, JobStore, Journal, Peer,
    StoreLimits, Submission,
};
use crate::error::{Class, Failure, Link, Printable};
use crate::pipeline::IssuedLogin;
use crate::report::{Report, Summary};
use crate::task::ImageReference;

pub(super) const HOUR: Duration = Duration::from_hours(1);

/// An executor whose runs end as scripted; the last result is repeated forever.
pub(super) struct ScriptedExecutor {
    /// The class of each run's failure, or `None` for a success.
    results: Mutex<VecDeque<Option<Class>>>,
    /// Whether the first run panics.
    pub(super) panics: Mutex<bool>,
    /// The source of each run's submission.
    runs: Mutex<Vec<String>>,
}

impl ScriptedExecutor {
    pub(super) fn new(results: impl IntoIterator<Item = Option<Class>>) -> Self {
        Self { results: Mutex::new(results.into_iter().collect()), panics: Mutex::new(false), runs: Mutex::default() }
    }

    pub(super) fn runs(&self) -> Vec<String> {
        self.runs.lock().unwrap().clone()
    }
}

pub(super) fn report(failed: Option<Class>) -> Report {
    let (resource, message) = (Printable::new("r.example/a"), Printable::new("the pull failed"));
    let failure = |class| Failure { link: Link::Registry, class, resource, message, caused_by: Vec::new(), hint: None };
    let invalid_inputs = failed.map(failure).into_iter().collect();
    Report { schema_version: 1, warnings: Vec::new(), tasks: Vec::new(), invalid_inputs, summary: Summary::default() }
}

impl JobExecutor for ScriptedExecutor {
    fn plan(&self, _: &str, _: &[u8]) -> JobPlan {
        JobPlan { report: report(None), subjects: Vec::new() }
    }

    fn check_engine(&self) -> BoxFuture<'_, Result<(), Failure>> {
        async { Ok(()) }.boxed()
    }

    fn login<'a>(&'a self, _: &'a ImageReference) -> BoxFuture<'a, Result<Option<IssuedLogin>, Arc<Failure>>> {
        async { Ok(None) }.boxed()
    }

    fn run<'a>(
        &'a self,
        submission: &'a Submission,
        events: &'a JobEvents,
        interrupt: &'a CancellationToken,
    ) -> BoxFuture<'a, Report> {
        async move {
            events.start(Vec::new());
            self.runs.lock().unwrap().push(submission.source.to_string());
            let panics = std::mem::take(&mut *self.panics.lock().unwrap());
            assert!(!panics, "in a test");
            // A pull takes 10 s unless it is interrupted.
            let done = interrupt.run_until_cancelled(sleep(Duration::from_secs(10))).await;
            let mut results = self.results.lock().unwrap();
            let result = if results.len() > 1 { results.pop_front() } else { results.front().copied() };
            report(done.map_or(Some(Class::Cancelled), |()| result.flatten()))
        }
        .boxed()
    }
}

struct NoObserver;

impl AgentObserver for NoObserver {
    fn job_ended(&self, _: &Job, _: JobResult, _: &Report) {}
}

pub(super) struct World {
    pub(super) folder: TempDir,
    pub(super) limits: StoreLimits,
}

impl World {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), limits: StoreLimits { open: 4, history: 2 } }
    }

    pub(super) fn job_store(&self) -> (Arc<JobStore>, mpsc::UnboundedReceiver<JobId>) {
        let (journal, loaded) = Journal::open(self.folder.path()).unwrap();
        assert!(loaded.broken.is_empty(), "{:?}", loaded.broken);
        let (queue, accepted) = mpsc::unbounded_channel();
        (Arc::new(JobStore::new(journal, loaded.records, self.limits, queue)), accepted)
    }

    /// Runs a worker with this executor until the test is done.
    pub(super) async fn run<T>(
        &self,
        executor: &ScriptedExecutor,
        test: impl AsyncFnOnce(&Arc<JobStore>, &Shutdown) -> T,
    ) -> T {
        let (jobs, accepted) = self.job_store();
        let shutdown = Shutdown::default();
        let worker = Worker { job_store: &jobs, executor, observer: &NoObserver, give_up_after: HOUR };
        let test = async {
            let done = test(&jobs, &shutdown).await;
            shutdown.drain.cancel();
            shutdown.abort.cancel();
            done
        };
        futures_util::future::join(test, worker.run(accepted, &shutdown)).await.0
    }
}

pub(super) fn submission(source: &str, key: Option<&str>) -> Submission {
    Submission {
        source: Printable::new(source),
        definition: r#"{"containerDefinitions":[{"image":"a"}]}"#.to_owned(),
        key: key.map(str::to_owned),
        submitted_by: JobSource::Peer(Peer { uid: 0, gid: 0 }),
    }
}

pub(super) async fn result_of(jobs: &JobStore, id: &JobId) -> JobResult {
    loop {
        if let JobState::Ended { result, .. } = jobs.get(id).unwrap().state {
            return result;
        }
        sleep(Duration::from_secs(1)).await;
    }
}

pub(super) fn phase_of(jobs: &JobStore, id: &JobId) -> JobPhase {
    match jobs.get(id).unwrap().state {
        JobState::Open(open) => open.phase(),
        JobState::Ended { result, .. } => panic!("the job has ended: {result:?}"),
    }
}
