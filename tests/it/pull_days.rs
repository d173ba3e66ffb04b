//! Hours of use within a second: pulls by one resolver that stays, over real sockets, while
//! the clock of its runtime is moved on.
//!
//! The SDK takes its settings from the environment, and a test may not change its own. So
//! each story is told twice: by a test that makes the world, and by one within it, marked
//! as ignored because the first one runs it.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use taskpull::pipeline::{
    AccessTokens, AccountRoles, Aws, Backoff, Batching, Caching, Concurrency, Deadlines, DockerAddress, HostKind,
    Input, InstanceLogins, InstanceSettings, Job, Keeping, Limits, PlanContext, Progress, Resolver, RoleUse, State,
};
use tokio::time::{advance, pause, resume};
use tokio_util::sync::CancellationToken;

use crate::support::aws::Fault;
use crate::support::fault::When;
use crate::support::run::Run;
use crate::support_aws_client::SECRET;
use crate::task::{IMAGE, World, container, task};

const MINUTE: Duration = Duration::from_mins(1);

/// Runs the story of this name in a process of its own, in this world.
fn tell(world: &World, story: &str) {
    let this = std::env::current_exe().unwrap();
    let run = Run::program(this.to_str().unwrap());
    let run = ["--exact", story, "--ignored", "--nocapture"].into_iter().fold(run, Run::arg);
    let ended = world.set(run).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("1 passed"), "the story was not found: {ended:?}");
}

/// Whoever pulls again and again.
struct Host {
    credentials: Resolver<Aws>,
    engine: DockerAddress,
}

struct Silent;

impl Progress for Silent {
    fn update(&self, _: usize, _: &State) {}
}

impl Host {
    fn new() -> Self {
        let logins = InstanceSettings {
            host: HostKind::Auto,
            has_auth_type: false,
            auth_data: None,
            docker_config: None,
            helper_timeout: MINUTE,
        };
        let keeping = Keeping { max_age: 5 * MINUTE, max_stale: 60 * MINUTE, entries: NonZeroUsize::MAX };
        let store = Aws::new(Duration::from_secs(10), Batching::Never, HostKind::Auto, None).unwrap();
        let logins = Arc::new(InstanceLogins::read(&logins).unwrap());
        #[expect(clippy::disallowed_methods, reason = "the world's engine, as the program would find it")]
        let engine = std::env::vars().find(|(name, _)| name == "DOCKER_HOST").unwrap().1;
        Self {
            credentials: Resolver::new(Arc::new(store), keeping, AccessTokens::Refuse, logins),
            engine: DockerAddress::parse(&engine).unwrap(),
        }
    }

    /// The report of one more pull.
    async fn pull(&self) -> Value {
        let definition = task(&[container("app", IMAGE, SECRET)]).to_string().into_bytes();
        let no_logins = |_: &_| None;
        let accounts = AccountRoles::default();
        let context = PlanContext { roles: RoleUse::Assume, accounts: &accounts, platform: None, instance: &no_logins };
        let limits = Limits {
            concurrency: Concurrency { all: NonZeroUsize::MIN, per_registry: NonZeroUsize::MIN },
            caching: Caching::default(),
            deadlines: Deadlines { answer: MINUTE, begin: MINUTE, idle: MINUTE, restart: MINUTE, total: MINUTE },
            backoff: Backoff::new(MINUTE, MINUTE, NonZeroU32::MIN.get()).unwrap(),
            fail_fast: false,
        };
        let input = Input { source: "-".to_owned(), text: Ok(definition) };
        let work = Job::new(vec![input], &context);
        let report = work.pull(&self.credentials, &self.engine, &limits, &Silent, &CancellationToken::new()).await;
        serde_json::to_value(&report).unwrap()["tasks"][0]["containers"][0].take()
    }
}

/// The clock moves on, and with it nothing else.
async fn later(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

#[test]
fn an_outage_of_aws_is_bridged_said_and_ended() {
    let world = World::new();
    world.aws.fault("GetSecretValue", When::From(2), Fault::Status(503));
    tell(&world, "pull_days::within_an_outage");
    assert!(world.aws.count("GetSecretValue") > 2);
}

#[tokio::test]
#[ignore = "an_outage_of_aws_is_bridged_said_and_ended runs it"]
async fn within_an_outage() {
    let host = Host::new();
    assert_eq!(host.pull().await["result"], "pulled");
    // Ten minutes of outage, a pull in each.
    for minute in 1..=10 {
        later(MINUTE).await;
        let app = host.pull().await;
        assert_eq!(app["result"], "up-to-date", "minute {minute}: {app}");
        let stale = &app["credential"]["staleSeconds"];
        assert_eq!(stale.as_u64().is_some_and(|age| age >= 300), minute >= 5, "minute {minute}: {app}");
    }
    later(53 * MINUTE).await;
    assert_eq!(host.pull().await["result"], "up-to-date", "a little less than the limit");
    later(3 * MINUTE).await;
    let failure = host.pull().await["failure"].take();
    assert_eq!(failure["class"], "unavailable", "{failure}");
    assert!(failure["message"].as_str().unwrap().contains("it was last read 1h 6m"), "{failure}");
}

#[test]
fn a_thousand_refreshes_leave_descriptors_and_memory_flat() {
    let world = World::new();
    tell(&world, "pull_days::within_days_of_use");
    let reads = world.aws.count("GetSecretValue");
    assert!((1_100..=1_101).contains(&reads), "{reads} reads");
}

#[tokio::test]
#[ignore = "a_thousand_refreshes_leave_descriptors_and_memory_flat runs it"]
async fn within_days_of_use() {
    let host = Host::new();
    let mut flat = (0, 0);
    for refresh in 0..1_100 {
        // What was read before must not be in the allocator's first hundred pages.
        if refresh == 100 {
            flat = held();
        }
        later(6 * MINUTE).await;
        assert!(host.pull().await["failure"].is_null());
    }
    let (descriptors, memory) = held();
    assert_eq!(descriptors, flat.0, "open file descriptors");
    // A page and a half for each refresh would be six megabytes.
    assert!(memory < flat.1 + 2_000_000, "{} bytes became {memory}", flat.1);
}

/// File descriptors that are open, and bytes of memory in use.
fn held() -> (usize, usize) {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let memory = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = memory.split(' ').nth(1).unwrap().parse().unwrap();
    (descriptors, pages * 4_096)
}
