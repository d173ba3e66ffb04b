use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{JobExecutor, JobPlan, Shutdown, Worker};
use crate::agent::{
    AgentObserver, Job, JobEvents, JobId, JobPhase, JobResult, JobSource, JobState, JobStore, JobStoreError, Journal,
    Peer, StoreLimits, Submission,
};
use crate::error::{Class, Failure, Link, Printable};
use crate::pipeline::{ImageReference, IssuedLogin};
use crate::report::{Report, Summary};

const HOUR: Duration = Duration::from_hours(1);

/// What the work is told to answer, one after the other; the last one for good.
struct Scripted(Mutex<VecDeque<Option<Class>>>, Mutex<Vec<String>>);

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Option<Class>>) -> Self {
        Self(Mutex::new(answers.into_iter().collect()), Mutex::default())
    }

    fn runs(&self) -> Vec<String> {
        self.1.lock().unwrap().clone()
    }
}

fn report(failed: Option<Class>) -> Report {
    let (resource, message) = (Printable::new("r.example/a"), Printable::new("it failed"));
    let failure = |class| Failure { link: Link::Registry, class, resource, message, caused_by: Vec::new(), hint: None };
    let invalid_inputs = failed.map(failure).into_iter().collect();
    Report { schema_version: 1, tasks: Vec::new(), invalid_inputs, summary: Summary::default() }
}

impl JobExecutor for Scripted {
    fn plan(&self, _: &str, _: &[u8]) -> JobPlan {
        JobPlan { report: report(None), subjects: Vec::new() }
    }

    fn engine(&self) -> BoxFuture<'_, Result<(), Failure>> {
        async { Ok(()) }.boxed()
    }

    fn login<'a>(&'a self, _: &'a ImageReference) -> BoxFuture<'a, Result<Option<IssuedLogin>, Arc<Failure>>> {
        async { Ok(None) }.boxed()
    }

    fn run<'a>(
        &'a self,
        submission: &'a Submission,
        feed: &'a JobEvents,
        interrupt: &'a CancellationToken,
    ) -> BoxFuture<'a, Report> {
        async move {
            feed.begin(Vec::new());
            self.1.lock().unwrap().push(submission.source.to_string());
            // A pull takes a while, unless somebody ends it.
            let done = interrupt.run_until_cancelled(sleep(Duration::from_secs(10))).await;
            let mut answers = self.0.lock().unwrap();
            let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() };
            report(done.map_or(Some(Class::Cancelled), |()| answer.flatten()))
        }
        .boxed()
    }
}

struct Nobody;

impl AgentObserver for Nobody {
    fn ended(&self, _: &Job, _: JobResult, _: &Report) {}
}

struct World {
    folder: TempDir,
    room: StoreLimits,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), room: StoreLimits { open: 4, history: 2 } }
    }

    fn desk(&self) -> (Arc<JobStore>, mpsc::UnboundedReceiver<JobId>) {
        let (journal, found) = Journal::open(self.folder.path()).unwrap();
        assert!(found.broken.is_empty(), "{:?}", found.broken);
        let (to_runner, accepted) = mpsc::unbounded_channel();
        (Arc::new(JobStore::new(journal, found.records, self.room, to_runner)), accepted)
    }

    /// Runs an agent with this work, and beside it what the test does, until that is done.
    async fn run<T>(&self, work: &Scripted, test: impl AsyncFnOnce(&Arc<JobStore>, &Shutdown) -> T) -> T {
        let (desk, accepted) = self.desk();
        let stop = Shutdown::default();
        let runner = Worker { desk: &desk, work, witness: &Nobody, give_up_after: HOUR };
        let test = async {
            let done = test(&desk, &stop).await;
            stop.drain.cancel();
            stop.now.cancel();
            done
        };
        futures_util::future::join(test, runner.run(accepted, &stop)).await.0
    }
}

fn submission(source: &str, key: Option<&str>) -> Submission {
    Submission {
        source: Printable::new(source),
        definition: r#"{"containerDefinitions":[{"image":"a"}]}"#.to_owned(),
        key: key.map(str::to_owned),
        submitted_by: JobSource::Peer(Peer { uid: 0, gid: 0 }),
    }
}

async fn ending(desk: &JobStore, id: &JobId) -> JobResult {
    loop {
        if let JobState::Ended { how, .. } = desk.show(id).unwrap().standing {
            return how;
        }
        sleep(Duration::from_secs(1)).await;
    }
}

fn phase(desk: &JobStore, id: &JobId) -> JobPhase {
    match desk.show(id).unwrap().standing {
        JobState::Open(open) => open.phase(),
        JobState::Ended { how, .. } => panic!("it has ended: {how:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_tried_again_while_its_failure_may_pass() {
    let work = Scripted::new([Some(Class::EngineGone), Some(Class::Unavailable), None]);
    let how = World::new()
        .run(&work, async |desk, _| {
            let id = desk.submit(submission("web", None)).await.unwrap().id;
            sleep(Duration::from_millis(10_500)).await;
            assert!(matches!(phase(desk, &id), JobPhase::Waiting { error, .. } if error.class == Class::EngineGone));
            ending(desk, &id).await
        })
        .await;
    assert_eq!((how, work.runs().len()), (JobResult::Succeeded, 3));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_tried_once_and_an_outage_for_so_long() {
    let refused = Scripted::new([Some(Class::Refused)]);
    let lasting = Scripted::new([Some(Class::Unavailable)]);
    for (work, least, most) in [(&refused, 1, 1), (&lasting, 10, 50)] {
        let how = World::new()
            .run(work, async |desk, _| {
                let id = desk.submit(submission("web", None)).await.unwrap().id;
                ending(desk, &id).await
            })
            .await;
        let runs = work.runs().len();
        assert!(how == JobResult::Failed && (least..=most).contains(&runs), "{how:?} {runs}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_just_ended_is_not_forgotten_for_being_the_oldest() {
    let (world, work) = (World::new(), Scripted::new([Some(Class::Unavailable), None]));
    let ids = world
        .run(&work, async |desk, _| {
            let first = desk.submit(submission("web", None)).await.unwrap().id;
            sleep(Duration::from_secs(1)).await;
            let mut ids = vec![first];
            for _ in 0..2 {
                ids.push(desk.submit(submission("web", None)).await.unwrap().id);
            }
            ids.sort();
            for id in ids.iter().rev() {
                assert_eq!(ending(desk, id).await, JobResult::Succeeded);
            }
            ids
        })
        .await;
    let (desk, _) = world.desk();
    let known = |id: &&JobId| desk.show(id).is_ok();
    assert_eq!(ids.iter().filter(known).count(), 2);
    assert!(known(&&ids[0]), "it was open for longest, and its sender has yet to ask");
}

#[tokio::test(start_paused = true)]
async fn long_definitions_leave_no_more_open_than_fit_into_memory() {
    let world = World { room: StoreLimits { open: 100, history: 100 }, ..World::new() };
    world
        .run(&Scripted::new([None]), async |desk, _| {
            let long = || Submission { definition: "x".repeat(4 << 20), ..submission("web", None) };
            let mut ids = Vec::new();
            let refused = loop {
                match desk.submit(long()).await {
                    Ok(accepted) => ids.push(accepted.id),
                    Err(error) => break error,
                }
            };
            assert!(matches!(refused, JobStoreError::Heavy { open: 4, .. }), "{refused}");
            ending(desk, &ids[0]).await;
            assert!(desk.submit(long()).await.is_ok(), "there is room again");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_called_off_as_the_agent_ends_does_not_begin_anew() {
    let (world, work) = (World::new(), Scripted::new([Some(Class::Unavailable)]));
    let id = world
        .run(&work, async |desk, stop| {
            let id = desk.submit(submission("web", None)).await.unwrap().id;
            sleep(Duration::from_millis(10_500)).await;
            assert!(matches!(phase(desk, &id), JobPhase::Waiting { .. }));
            desk.cancel(&id).await.unwrap();
            stop.drain.cancel();
            assert_eq!(ending(desk, &id).await, JobResult::Cancelled);
            id
        })
        .await;
    let (desk, _) = world.desk();
    assert!(matches!(desk.show(&id).unwrap().standing, JobState::Ended { how: JobResult::Cancelled, .. }));
}

#[tokio::test(start_paused = true)]
async fn one_key_is_one_request_also_after_a_restart() {
    let (world, work) = (World::new(), Scripted::new([None]));
    let first = world
        .run(&work, async |desk, _| {
            let twice =
                futures_util::future::join_all([(); 2].map(|()| desk.submit(submission("web", Some("7"))))).await;
            let [first, second] = [0, 1].map(|at| twice[at].as_ref().unwrap());
            assert_eq!(first.id, second.id);
            assert!(first.before != second.before, "one of them was first");
            ending(desk, &first.id).await;
            first.id.clone()
        })
        .await;
    let again = world.run(&work, async |desk, _| desk.submit(submission("web", Some("7"))).await.unwrap()).await;
    assert_eq!((again.id, again.before, work.runs().len()), (first, true, 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_open_when_the_agent_ended_goes_on_when_it_begins_again() {
    let (world, work) = (World::new(), Scripted::new([None]));
    let (running, waiting) = world
        .run(&Scripted::new([Some(Class::Unavailable)]), async |desk, _| {
            let waiting = desk.submit(submission("waiting", None)).await.unwrap().id;
            sleep(Duration::from_millis(10_500)).await;
            let running = desk.submit(submission("running", None)).await.unwrap().id;
            sleep(Duration::from_millis(100)).await;
            (running, waiting)
        })
        .await;
    world
        .run(&work, async |desk, _| {
            assert_eq!(desk.open_count(), 2);
            for id in [&running, &waiting] {
                assert_eq!(ending(desk, id).await, JobResult::Succeeded);
            }
        })
        .await;
    assert_eq!(work.runs(), ["waiting", "running"], "oldest first");
}

#[tokio::test(start_paused = true)]
async fn what_was_called_off_before_a_crash_stays_so() {
    let (world, work) = (World::new(), Scripted::new([None]));
    let (desk, _) = world.desk();
    let id = desk.submit(submission("web", None)).await.unwrap().id;
    desk.cancel(&id).await.unwrap();
    drop(desk);
    world.run(&work, async |desk, _| assert_eq!(ending(desk, &id).await, JobResult::Cancelled)).await;
    let (desk, _) = world.desk();
    assert!(matches!(desk.show(&id).unwrap().standing, JobState::Ended { how: JobResult::Cancelled, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_request_is_called_off_whether_it_runs_or_waits() {
    let work = Scripted::new([Some(Class::Unavailable)]);
    World::new()
        .run(&work, async |desk, _| {
            for (after, runs) in [(Duration::from_millis(500), 1), (Duration::from_millis(10_500), 2)] {
                let id = desk.submit(submission("web", None)).await.unwrap().id;
                sleep(after).await;
                assert!(desk.cancel(&id).await.is_ok());
                sleep(Duration::from_millis(100)).await;
                assert_eq!((ending(desk, &id).await, work.runs().len()), (JobResult::Cancelled, runs));
                assert!(matches!(desk.cancel(&id).await, Err(JobStoreError::Ended { .. })));
            }
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_full_desk_says_so_and_forgets_the_oldest_that_have_ended() {
    let work = Scripted::new([None]);
    World::new()
        .run(&work, async |desk, _| {
            let mut ids = Vec::new();
            for _ in 0..4 {
                ids.push(desk.submit(submission("web", Some(&ids.len().to_string()))).await.unwrap().id);
                sleep(Duration::from_millis(5)).await;
            }
            assert!(matches!(desk.submit(submission("web", None)).await, Err(JobStoreError::Full { open: 4 })));
            sleep(Duration::from_secs(11)).await;
            let newest: Vec<_> = desk.list(10, |_| true).into_iter().map(|view| view.id).collect();
            assert_eq!(newest, [ids[3].clone(), ids[2].clone()]);
            assert!(desk.report(&ids[3]).unwrap().get().contains("schemaVersion"));
            assert!(desk.report(&ids[0]).is_none());
            // Its key is free again.
            assert!(!desk.submit(submission("web", Some("0"))).await.unwrap().before);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_takes_nothing_refuses_what_is_new_and_loses_nothing() {
    let (world, work) = (World::new(), Scripted::new([None]));
    world
        .run(&work, async |desk, _| {
            let id = desk.submit(submission("web", None)).await.unwrap().id;
            sleep(Duration::from_secs(1)).await;
            std::fs::rename(world.folder.path().join("requests"), world.folder.path().join("gone")).unwrap();
            assert!(matches!(desk.submit(submission("new", None)).await, Err(JobStoreError::Journal(_))));
            assert!(desk.probe().is_err());
            assert_eq!(ending(desk, &id).await, JobResult::Succeeded);
            assert!(desk.report(&id).unwrap().get().contains("schemaVersion"));
            std::fs::rename(world.folder.path().join("gone"), world.folder.path().join("requests")).unwrap();
        })
        .await;
    let (desk, _) = world.desk();
    assert_eq!(desk.open_count(), 1, "its end was not kept: it is done once more");
}

#[tokio::test(start_paused = true)]
async fn files_take_nobodys_room_and_of_each_there_is_one_result_until_it_is_withdrawn() {
    let (world, work) = (World::new(), Scripted::new([None]));
    world
        .run(&work, async |desk, _| {
            let file = |at| Submission { submitted_by: JobSource::Folder, ..submission(&format!("{at}.json"), None) };
            let files: Vec<_> = (0..40).map(|at| desk.add_managed_job(file(at))).collect();
            sleep(Duration::from_secs(1)).await;
            let began = |phase: &JobPhase| *phase == JobPhase::Running;
            assert_eq!(files.iter().map(|id| phase(desk, id)).filter(began).count(), 32, "the others wait");
            desk.remove_managed_job(&files[39]);
            assert!(matches!(desk.show(&files[39]), Err(JobStoreError::Unknown { .. })));
            for _ in 0..3 {
                let id = desk.submit(submission("web", None)).await.unwrap().id;
                assert_eq!(ending(desk, &id).await, JobResult::Succeeded);
            }
            let ended = |id: &JobId| matches!(desk.show(id).unwrap().standing, JobState::Ended { .. });
            assert!(files[..39].iter().all(ended) && desk.report(&files[0]).is_some());
            assert_eq!(desk.list(100, |_| true).len(), 39 + 2, "and the history of peers");
        })
        .await;
    assert_eq!(std::fs::read_dir(world.folder.path().join("requests")).unwrap().count(), 2, "none is on disk");
}
