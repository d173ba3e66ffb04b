//! Simulates a day of an agent's life in under a minute: the parts that `taskpull serve` joins, over real sockets,
//! on a runtime whose clock the test advances.
//!
//! As in [`crate::pull_days`], an outer test prepares the fake services and starts an inner, ignored test that
//! drives the clock. The inner test announces each simulated minute, so the services follow the same clock.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, join, join_all};
use taskpull::agent::api::{Access, AccessRule, ApiState, Server, Socket};
use taskpull::agent::{
    AgentObserver, Job, JobEvents, JobExecutor, JobPhase, JobPlan, JobResult, JobState, JobStore, Journal,
    ServiceManager, Shutdown, StoreLimits, Submission, Supervisor,
};
use taskpull::aws::AwsClient;
use taskpull::config::{FolderSettings, RoleUse};
use taskpull::credential::CachingCredentialProvider;
use taskpull::engine::DockerAddress;
use taskpull::error::Failure;
use taskpull::identity::AccountRoles;
use taskpull::pipeline::{Input, IssuedLogin, PullRun};
use taskpull::plan::{PlanContext, Rewrites};
use taskpull::pull::DiskLimits;
use taskpull::pull::{CachePolicy, Concurrency, Deadlines, PullLimiter, PullLimits, reach};
use taskpull::report::Report;
use taskpull::retry::Backoff;
use taskpull::task::ImageReference;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::aws::AwsFault;
use crate::support::engine::{PullScript, RegistryAuth};
use crate::support::fault::Calls;
use crate::support::http::{HttpServer, Reply};
use crate::support::names::SECRET;
use crate::support::process::{ResourceUsage, resource_usage};
use crate::support::world::{
    ApiResponse, MINUTE, World, advance_clock, container, credential_provider, http_request, run_story_with,
    story_variable, task,
};

const DAY: usize = 24 * 60;
const IMAGES: usize = 20;
/// A wave of `WAVE_SIZE` submissions arrives every `WAVE_INTERVAL` minutes: 5,040 in a day.
const WAVE_INTERVAL: usize = 4;
const WAVE_SIZE: usize = 14;
/// The sum of `secrets.max_age` and `secrets.max_stale`, in minutes.
const MAX_SECRET_AGE: usize = 5 + 60;

fn image(at: usize) -> String {
    format!("registry.example:5000/team/app{at}:v1")
}

fn password(hour: usize) -> String {
    format!("swordfish-{hour}")
}

/// The services around the agent. The password rotates every hour, the engine restarts every two hours, and AWS is
/// unavailable for ten minutes every three hours. Each outage contains a rotation: a pull that is refused while the
/// new password cannot be read is retried.
struct Surroundings {
    world: World,
    engine: PathBuf,
    /// The number of pulls that the engine had received when each minute began.
    pulls_before: Mutex<Vec<usize>>,
}

impl Surroundings {
    fn begin_minute(&self, minute: usize) {
        let Self { world, engine, pulls_before } = self;
        pulls_before.lock().unwrap().push(world.engine.pulls().len());
        let (hour, every) = (minute / 60, |minutes: usize| minute % minutes);
        if every(60) == 0 {
            world.aws.rotate(SECRET, &format!(r#"{{"username": "me", "password": "{}"}}"#, password(hour)));
            (0..IMAGES).for_each(|at| world.engine.script(&image(at), requiring_password_of(hour)));
        }
        if every(180) == 175 {
            world.aws.inject_fault("GetSecretValue", Calls::Every, AwsFault::Status(503));
        }
        if every(180) == 5 {
            world.aws.clear_faults("GetSecretValue");
        }
        // The engine restarts: its running pulls break, and later its socket is missing for three minutes.
        if every(120) == 20 {
            (0..IMAGES)
                .for_each(|at| world.engine.script_once(&image(at), PullScript::stream().status("Pulling").reset()));
        }
        if every(120) == 30 {
            std::fs::remove_file(engine).unwrap();
        }
        if every(120) == 33 {
            symlink(world.engine.socket(), engine).unwrap();
        }
    }

    /// Returns the hour of each password that a pull sent, with the minute in which it was sent.
    fn passwords_sent(&self) -> Vec<(usize, usize)> {
        let before = self.pulls_before.lock().unwrap();
        let minute = |at: usize| before.partition_point(|count| *count <= at) - 1;
        let hour = |auth: &RegistryAuth| match auth {
            RegistryAuth::Config(login) => login.password.strip_prefix("swordfish-").unwrap().parse().unwrap(),
            other => panic!("{other:?}"),
        };
        self.world.engine.pulls().iter().enumerate().map(|(at, pull)| (hour(&pull.auth), minute(at))).collect()
    }
}

fn requiring_password_of(hour: usize) -> PullScript {
    PullScript::success().with_login("me", &password(hour))
}

#[test]
fn a_day_of_rotations_restarts_and_outages_loses_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, engine) = (folder.path().join("clock.sock"), folder.path().join("engine.sock"));
    let world = World::new();
    symlink(world.engine.socket(), &engine).unwrap();
    let surroundings = Arc::new(Surroundings { world, engine: engine.clone(), pulls_before: Mutex::default() });
    let on_clock = Arc::clone(&surroundings);
    let _clock = HttpServer::on_socket(&clock, move |request| {
        on_clock.begin_minute(request.path.strip_prefix("/minute/").unwrap().parse().unwrap());
        Reply::new(200, "")
    });
    let host = format!("unix://{}", engine.display());
    let variables = [
        ("DOCKER_HOST", &*host),
        ("DAY_CLOCK", clock.to_str().unwrap()),
        ("DAY_FOLDER", folder.path().to_str().unwrap()),
    ];
    run_story_with(&surroundings.world, "agent_day::simulated_day_within_the_prepared_services", &variables);
    let passwords_sent = surroundings.passwords_sent();
    let late: Vec<_> = passwords_sent.iter().filter(|(hour, minute)| minute / 60 > *hour).collect();
    assert!(
        !late.is_empty() && late.iter().all(|(hour, minute)| *minute < (hour + 1) * 60 + MAX_SECRET_AGE),
        "{late:?}"
    );
    // At most one wave per rotation is refused: the agent does not retry with a refused password.
    assert!(late.len() <= 24 * WAVE_SIZE, "{}", late.len());
}

/// Executes the agent's jobs with the same parts as the program.
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
            credentials: credential_provider(),
            engine: DockerAddress::parse(&story_variable("DOCKER_HOST")).unwrap(),
            traffic: PullLimiter::for_many_runs(Concurrency { all, per_registry }),
            limits: PullLimits {
                disk: DiskLimits::default(),
                cache_policy: CachePolicy { verify_access: Some(true), ..CachePolicy::default() },
                deadlines: Deadlines {
                    answer: MINUTE,
                    begin: MINUTE,
                    idle: MINUTE,
                    restart: MINUTE,
                    total: 5 * MINUTE,
                },
                backoff: Backoff::exponential(wait(250), wait(1_500)).with_attempts(NonZeroU32::new(3).unwrap()),
                fail_fast: false,
            },
        }
    }
}

fn job(source: &str, definition: &[u8]) -> PullRun {
    let no_logins = |_: &_| None;
    let (accounts, rewrites) = (&AccountRoles::default(), &Rewrites::default());
    let context = PlanContext { roles: RoleUse::Assume, accounts, rewrites, platform: None, host_login: &no_logins };
    PullRun::new(vec![Input { source: source.to_owned(), text: Ok(definition.to_vec()) }], &context)
}

impl JobExecutor for Pulling {
    fn plan(&self, source: &str, definition: &[u8]) -> JobPlan {
        let job = job(source, definition);
        JobPlan { subjects: job.subjects(), report: job.dry_run(None) }
    }

    fn check_engine(&self) -> BoxFuture<'_, Result<(), Failure>> {
        async { reach(&self.engine, &self.limits.deadlines).await.map_err(Failure::from) }.boxed()
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

/// Records each reported end of a request.
#[derive(Default)]
struct Ends(Mutex<HashMap<String, Vec<JobResult>>>);

impl AgentObserver for Ends {
    fn job_ended(&self, request: &Job, how: JobResult, _: &Report) {
        self.0.lock().unwrap().entry(request.id.to_string()).or_default().push(how);
    }
}

#[tokio::test]
#[ignore = "a_day_of_rotations_restarts_and_outages_loses_no_request runs it"]
async fn simulated_day_within_the_prepared_services() {
    let folder = PathBuf::from(story_variable("DAY_FOLDER"));
    let (journal, _) = Journal::open(&folder.join("state")).unwrap();
    let (to_worker, accepted) = mpsc::unbounded_channel();
    let limits = StoreLimits { open: 1_000, history: 200 };
    let job_store = Arc::new(JobStore::new(journal, Vec::new(), limits, to_worker));
    let (work, ends, stop) = (Arc::new(Pulling::new()), Arc::new(Ends::default()), Shutdown::default());
    let own_user = AccessRule { users: [rustix::process::getuid().as_raw()].into(), ..AccessRule::default() };
    let access = Access { submit: own_user.clone(), read: own_user, ..Access::default() };
    let state = ApiState {
        job_store: Arc::clone(&job_store),
        executor: Arc::<Pulling>::clone(&work),
        observer: Arc::<Ends>::clone(&ends),
        access: Arc::new(RwLock::new(access)),
        metrics: Box::new(String::new),
        request_timeout: MINUTE,
    };
    let socket = Socket::bind(&folder.join("agent.sock"), "no-such-group").unwrap();
    let supervisor = Supervisor {
        job_store: &job_store,
        executor: &*work,
        observer: &*ends,
        server: &Server { state: Arc::new(state), listener: &socket.listener().unwrap() },
        service_manager: &ServiceManager::default(),
        give_up_after: 60 * MINUTE,
        drain_timeout: MINUTE,
        folder: &FolderSettings { path: folder.join("none"), interval: None },
        cluster: None,
    };
    let day = async {
        let acknowledged = submit_all_day(&job_store, &folder.join("agent.sock")).await;
        stop.drain.cancel();
        acknowledged
    };
    let (acknowledged, ()) = join(day, supervisor.run(accepted, &stop)).await;
    let ends = ends.0.lock().unwrap();
    assert!(acknowledged.iter().all(|id| ends[id] == [JobResult::Succeeded]), "every request succeeded exactly once");
    assert_eq!((acknowledged.len(), ends.len()), (DAY / WAVE_INTERVAL * WAVE_SIZE, acknowledged.len()));
    let records = std::fs::read_dir(folder.join("state/requests")).unwrap().map(|entry| entry.unwrap().path());
    let records: Vec<_> = records.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(records.len(), limits.history);
    assert!(records.iter().all(|record| record.contains(r#""ended":{"#)), "the journal has no open request");
}

/// Submits definitions all day and returns the acknowledged ids.
async fn submit_all_day(job_store: &JobStore, socket: &Path) -> Vec<String> {
    let mut acknowledged = Vec::new();
    let mut baseline = ResourceUsage::default();
    // One more hour leaves time for retries.
    for minute in 0..DAY + 60 {
        // By this time the history is full and the memory use has settled.
        if minute == DAY / 4 {
            baseline = resource_usage();
        }
        ask(Path::new(&story_variable("DAY_CLOCK")), "POST", &format!("/minute/{minute}"), "").await;
        if minute % WAVE_INTERVAL == 0 && minute < DAY {
            let definitions = (0..WAVE_SIZE).map(|at| {
                let number = minute / WAVE_INTERVAL * WAVE_SIZE + at;
                task(&[container("app", &image(number % IMAGES), SECRET)]).to_string()
            });
            let answers = join_all(definitions.map(|definition| async move {
                let answer = ask(socket, "POST", "/v1/pulls", &definition).await;
                assert_eq!(answer.status, 202, "{answer:?}");
                answer.id()
            }));
            acknowledged.extend(answers.await);
        }
        wait_until_idle(job_store).await;
        advance_clock(MINUTE).await;
    }
    wait_until_idle(job_store).await;
    assert_eq!(job_store.open_count(), 0);
    let ResourceUsage { descriptors, memory } = resource_usage();
    assert!(
        descriptors <= baseline.descriptors + 4,
        "{} open file descriptors became {descriptors}",
        baseline.descriptors
    );
    assert!(memory < baseline.memory + 4_000_000, "{} bytes became {memory}", baseline.memory);
    acknowledged
}

/// Waits until no request is running; a request that waits for a retry counts as idle. Waits for a missing engine are
/// shorter than a minute, so the clock is advanced in small steps meanwhile.
async fn wait_until_idle(job_store: &JobStore) {
    loop {
        let is_running = |standing: &JobState| matches!(standing, JobState::Open(open) if !matches!(open.phase(), JobPhase::Waiting { .. }));
        if job_store.list(1, |view| is_running(&view.state)).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
        advance_clock(Duration::from_millis(40)).await;
    }
}

async fn ask(socket: &Path, method: &str, path: &str, body: &str) -> ApiResponse {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    let bytes = http_request(method, path, &[("Content-Type", "application/json")], body);
    stream.write_all(&bytes).await.unwrap();
    let mut text = Vec::new();
    // An answer counts even if the connection is reset after it.
    let _ = stream.read_to_end(&mut text).await;
    ApiResponse::parse(&String::from_utf8(text).unwrap())
}
