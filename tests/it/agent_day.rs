//! A day of an agent's life within a minute: its parts as `taskpull serve` joins them, over real
//! sockets, while the clock of their runtime is moved on.
//!
//! As in [`crate::pull_days`], the story is told by a test within a world that another one
//! makes. The world lives by the clock of the story, which says each minute that it begins.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, join, join_all};
use taskpull::agent::api::{Access, Rule, Server, Shared, Socket};
use taskpull::agent::{
    AgentObserver, Job, JobEvents, JobExecutor, JobPhase, JobPlan, JobResult, JobState, JobStore, Journal,
    ServiceManager, Shutdown, StoreLimits, Submission, Supervisor,
};
use taskpull::config::FolderSettings;
use taskpull::error::Failure;
use taskpull::pipeline::{
    AccountRoles, AwsClient, Backoff, Caching, CachingCredentialProvider, Concurrency, Deadlines, DockerAddress,
    ImageReference, Input, IssuedLogin, PlanContext, PullLimiter, PullLimits, PullRun, Rewrites, RoleUse, reach,
};
use taskpull::pull::DiskLimits;
use taskpull::report::Report;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agent_world::{Answer, request};
use crate::pull_days::{MINUTE, credentials, held, later, tell_with, variable};
use crate::support::aws::Fault;
use crate::support::engine::{Auth, Pull};
use crate::support::fault::When;
use crate::support::http::{Reply, Server as HttpServer};
use crate::support_aws_client::SECRET;
use crate::task::{World, container, task};

const DAY: usize = 24 * 60;
const IMAGES: usize = 20;
/// Submissions come every so many minutes, so many at once: 5,040 in a day.
const EVERY: usize = 4;
const TOGETHER: usize = 14;
/// `secrets.max_age` and `secrets.max_stale`, in minutes.
const SERVES: usize = 5 + 60;

fn image(at: usize) -> String {
    format!("registry.example:5000/team/app{at}:v1")
}

fn password(hour: usize) -> String {
    format!("swordfish-{hour}")
}

/// What goes on around the agent: a rotation every hour, an engine that restarts every two,
/// and an AWS that is out for ten minutes every three, in the midst of which there is a
/// rotation: what is refused while the new password cannot be read is tried again.
struct Around {
    world: World,
    engine: PathBuf,
    /// How many pulls had come when each minute began.
    pulls_before: Mutex<Vec<usize>>,
}

impl Around {
    fn begins(&self, minute: usize) {
        let Self { world, engine, pulls_before } = self;
        pulls_before.lock().unwrap().push(world.engine.pulls().len());
        let (hour, every) = (minute / 60, |minutes: usize| minute % minutes);
        if every(60) == 0 {
            world.aws.rotate(SECRET, &format!(r#"{{"username": "me", "password": "{}"}}"#, password(hour)));
            (0..IMAGES).for_each(|at| world.engine.image(&image(at), wanting(hour)));
        }
        if every(180) == 175 {
            world.aws.fault("GetSecretValue", When::Every, Fault::Status(503));
        }
        if every(180) == 5 {
            world.aws.lift("GetSecretValue");
        }
        // Between these its pulls break, and it is not there at all.
        if every(120) == 20 {
            (0..IMAGES).for_each(|at| world.engine.once(&image(at), Pull::stream().status("Pulling").reset()));
        }
        if every(120) == 30 {
            std::fs::remove_file(engine).unwrap();
        }
        if every(120) == 33 {
            symlink(world.engine.socket(), engine).unwrap();
        }
    }

    /// The hours of the passwords that were shown, with the minute that each was shown in.
    fn shown(&self) -> Vec<(usize, usize)> {
        let before = self.pulls_before.lock().unwrap();
        let minute = |at: usize| before.partition_point(|count| *count <= at) - 1;
        let hour = |auth: &Auth| match auth {
            Auth::Given(given) => given.password.strip_prefix("swordfish-").unwrap().parse().unwrap(),
            other => panic!("{other:?}"),
        };
        self.world.engine.pulls().iter().enumerate().map(|(at, pull)| (hour(&pull.auth), minute(at))).collect()
    }
}

fn wanting(hour: usize) -> Pull {
    Pull::success().requiring("me", &password(hour))
}

#[test]
fn a_day_of_rotations_restarts_and_outages_loses_nothing_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, engine) = (folder.path().join("clock.sock"), folder.path().join("engine.sock"));
    let world = World::new();
    symlink(world.engine.socket(), &engine).unwrap();
    let around = Arc::new(Around { world, engine: engine.clone(), pulls_before: Mutex::default() });
    let told = Arc::clone(&around);
    let _clock = HttpServer::on_socket(&clock, move |request| {
        told.begins(request.path.strip_prefix("/minute/").unwrap().parse().unwrap());
        Reply::new(200, "")
    });
    let host = format!("unix://{}", engine.display());
    let variables = [
        ("DOCKER_HOST", &*host),
        ("DAY_CLOCK", clock.to_str().unwrap()),
        ("DAY_FOLDER", folder.path().to_str().unwrap()),
    ];
    tell_with(&around.world, "agent_day::within_a_day", &variables);
    let shown = around.shown();
    let late: Vec<_> = shown.iter().filter(|(hour, minute)| minute / 60 > *hour).collect();
    assert!(!late.is_empty() && late.iter().all(|(hour, minute)| *minute < (hour + 1) * 60 + SERVES), "{late:?}");
    // Each wave may find out by itself, and no more often: a refusal is not tried again with the same.
    assert!(late.len() <= 24 * TOGETHER, "{}", late.len());
}

/// As the program joins them.
struct Pulling {
    credentials: CachingCredentialProvider<AwsClient>,
    engine: DockerAddress,
    traffic: PullLimiter,
    limits: PullLimits,
}

impl Pulling {
    fn new() -> Self {
        let [all, per_registry] = [16, 8].map(|count| NonZeroUsize::new(count).unwrap());
        let wait = Duration::from_millis;
        Self {
            credentials: credentials(),
            engine: DockerAddress::parse(&variable("DOCKER_HOST")).unwrap(),
            traffic: PullLimiter::of_many_runs(Concurrency { all, per_registry }),
            limits: PullLimits {
                disk: DiskLimits::default(),
                caching: Caching { verify_access: Some(true), ..Caching::default() },
                deadlines: Deadlines {
                    answer: MINUTE,
                    begin: MINUTE,
                    idle: MINUTE,
                    restart: MINUTE,
                    total: 5 * MINUTE,
                },
                backoff: Backoff::new(wait(250), wait(1_500), 3).unwrap(),
                fail_fast: false,
            },
        }
    }
}

fn job(source: &str, definition: &[u8]) -> PullRun {
    let no_logins = |_: &_| None;
    let (accounts, rewrites) = (&AccountRoles::default(), &Rewrites::default());
    let context = PlanContext { roles: RoleUse::Assume, accounts, rewrites, platform: None, instance: &no_logins };
    PullRun::new(vec![Input { source: source.to_owned(), text: Ok(definition.to_vec()) }], &context)
}

impl JobExecutor for Pulling {
    fn plan(&self, source: &str, definition: &[u8]) -> JobPlan {
        let job = job(source, definition);
        JobPlan { subjects: job.subjects(), report: job.dry_run() }
    }

    fn check_engine(&self) -> BoxFuture<'_, Result<(), Failure>> {
        async { reach(&self.engine, &self.limits.deadlines).await.map_err(|error| Failure::from(&error)) }.boxed()
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
            let job = job(submission.source.as_str(), submission.definition.as_bytes());
            feed.start(job.subjects());
            job.pull(&self.credentials, &self.engine, &self.traffic, &self.limits, feed, interrupt).await
        }
        .boxed()
    }
}

/// Every end that it was told of.
#[derive(Default)]
struct Ends(Mutex<HashMap<String, Vec<JobResult>>>);

impl AgentObserver for Ends {
    fn job_ended(&self, request: &Job, how: JobResult, _: &Report) {
        self.0.lock().unwrap().entry(request.id.to_string()).or_default().push(how);
    }
}

#[tokio::test]
#[ignore = "a_day_of_rotations_restarts_and_outages_loses_nothing_and_leaves_nothing runs it"]
async fn within_a_day() {
    let folder = PathBuf::from(variable("DAY_FOLDER"));
    let (journal, _) = Journal::open(&folder.join("state")).unwrap();
    let (to_runner, accepted) = mpsc::unbounded_channel();
    let room = StoreLimits { open: 1_000, history: 200 };
    let desk = Arc::new(JobStore::new(journal, Vec::new(), room, to_runner));
    let (work, ends, stop) = (Arc::new(Pulling::new()), Arc::new(Ends::default()), Shutdown::default());
    let everybody = Rule { users: [rustix::process::getuid().as_raw()].into(), ..Rule::default() };
    let access = Access { submit: everybody.clone(), read: everybody, ..Access::default() };
    let shared = Shared {
        desk: Arc::clone(&desk),
        work: Arc::<Pulling>::clone(&work),
        witness: Arc::<Ends>::clone(&ends),
        access: Arc::new(RwLock::new(access)),
        metrics: Box::new(String::new),
        request_timeout: MINUTE,
    };
    let (socket, _) = Socket::bind(&folder.join("agent.sock"), "no-such-group").unwrap();
    let supervisor = Supervisor {
        job_store: &desk,
        executor: &*work,
        observer: &*ends,
        server: &Server { shared: Arc::new(shared), listener: &socket.listener().unwrap() },
        service_manager: &ServiceManager::default(),
        give_up_after: 60 * MINUTE,
        drain_timeout: MINUTE,
        folder: &FolderSettings { path: folder.join("none"), interval: None },
        cluster: None,
    };
    let day = async {
        let acknowledged = live_a_day(&desk, &folder.join("agent.sock")).await;
        stop.drain.cancel();
        acknowledged
    };
    let (acknowledged, ()) = join(day, supervisor.run(accepted, &stop)).await;
    let ends = ends.0.lock().unwrap();
    assert!(acknowledged.iter().all(|id| ends[id] == [JobResult::Succeeded]), "each has one end, and a good one");
    assert_eq!((acknowledged.len(), ends.len()), (DAY / EVERY * TOGETHER, acknowledged.len()));
    let kept = std::fs::read_dir(folder.join("state/requests")).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<_> = kept.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(kept.len(), room.history);
    assert!(kept.iter().all(|record| record.contains(r#""ended":{"#)), "nothing is open on disk");
}

/// Submits all day long; the ids that were acknowledged.
async fn live_a_day(desk: &JobStore, socket: &Path) -> Vec<String> {
    let mut acknowledged = Vec::new();
    let mut flat = (0, 0);
    // An hour more, for what is tried again.
    for minute in 0..DAY + 60 {
        // By then the history is full, and the allocator has what it needs.
        if minute == DAY / 4 {
            flat = held();
        }
        ask(Path::new(&variable("DAY_CLOCK")), "POST", &format!("/minute/{minute}"), "").await;
        if minute % EVERY == 0 && minute < DAY {
            let definitions = (0..TOGETHER).map(|at| {
                let place = minute / EVERY * TOGETHER + at;
                task(&[container("app", &image(place % IMAGES), SECRET)]).to_string()
            });
            let answers = join_all(definitions.map(|definition| async move {
                let answer = ask(socket, "POST", "/v1/pulls", &definition).await;
                assert_eq!(answer.status, 202, "{answer:?}");
                answer.id()
            }));
            acknowledged.extend(answers.await);
        }
        at_rest(desk).await;
        later(MINUTE).await;
    }
    at_rest(desk).await;
    assert_eq!(desk.open_count(), 0);
    let (descriptors, memory) = held();
    assert!(descriptors <= flat.0 + 4, "{} open file descriptors became {descriptors}", flat.0);
    assert!(memory < flat.1 + 4_000_000, "{} bytes became {memory}", flat.1);
    acknowledged
}

/// Waits until nothing is under way but waits of a minute and more. Those for an engine that
/// is away are shorter, and so the clock goes on a little faster than it does by itself.
async fn at_rest(desk: &JobStore) {
    loop {
        let is_running = |standing: &JobState| matches!(standing, JobState::Open(open) if !matches!(open.phase(), JobPhase::Waiting { .. }));
        if desk.list(1, |view| is_running(&view.state)).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
        later(Duration::from_millis(40)).await;
    }
}

async fn ask(socket: &Path, method: &str, path: &str, body: &str) -> Answer {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    let bytes = request(method, path, &[("Content-Type", "application/json")], body);
    stream.write_all(&bytes).await.unwrap();
    let mut text = Vec::new();
    // A connection that breaks behind an answer has given it.
    let _ = stream.read_to_end(&mut text).await;
    Answer::parse(&String::from_utf8(text).unwrap())
}
