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
    Input, InstanceLogins, InstanceSettings, Job, Keeping, Limits, PlanContext, Progress, Resolver, Rewrites, RoleUse,
    State, Traffic,
};
use tokio::time::{advance, pause, resume};
use tokio_util::sync::CancellationToken;

use crate::ecr::OWN;
use crate::support::aws::{Fault, Policy};
use crate::support::fault::When;
use crate::support::run::Run;
use crate::support_aws_client::{GET, HOST, ROLE, SECRET};
use crate::task::{IMAGE, World, container, open_container, task};

pub const MINUTE: Duration = Duration::from_mins(1);

/// Runs the story of this name in a process of its own, in this world.
fn tell(world: &World, story: &str) {
    tell_with(world, story, &[]);
}

/// The same, with something more in its environment.
pub fn tell_with(world: &World, story: &str, variables: &[(&'static str, &str)]) {
    let this = std::env::current_exe().unwrap();
    let run = Run::program(this.to_str().unwrap());
    let run = ["--exact", story, "--ignored", "--nocapture"].into_iter().fold(run, Run::arg);
    let ended = world.set(run).envs(variables.iter().copied()).end();
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

/// What keeps a value for five minutes, and for an hour more while AWS does not answer.
pub fn credentials() -> Resolver<Aws> {
    let logins = InstanceSettings {
        host: HostKind::Auto,
        has_auth_type: false,
        auth_data: None,
        docker_config: None,
        helper_timeout: MINUTE,
    };
    let keeping = Keeping { max_age: 5 * MINUTE, max_stale: 60 * MINUTE, entries: NonZeroUsize::MAX };
    let store = Aws::new(Duration::from_secs(10), Batching::Never, HostKind::Auto, None, Arc::new(())).unwrap();
    let logins = Arc::new(InstanceLogins::read(&logins).unwrap());
    Resolver::new(Arc::new(store), keeping, AccessTokens::Refuse, logins)
}

impl Host {
    fn new() -> Self {
        Self { credentials: credentials(), engine: DockerAddress::parse(&variable("DOCKER_HOST")).unwrap() }
    }

    /// The report of one more pull.
    async fn pull(&self) -> Value {
        self.pull_task(&task(&[container("app", IMAGE, SECRET)])).await
    }

    async fn pull_task(&self, definition: &Value) -> Value {
        let definition = definition.to_string().into_bytes();
        let no_logins = |_: &_| None;
        let (accounts, rewrites) = (&AccountRoles::default(), &Rewrites::default());
        let context =
            PlanContext { roles: RoleUse::Assume, accounts, rewrites, platform: None, host_login: &no_logins };
        let limits = Limits {
            disk: taskpull::pull::DiskLimits::default(),
            caching: Caching::default(),
            deadlines: Deadlines { answer: MINUTE, begin: MINUTE, idle: MINUTE, restart: MINUTE, total: MINUTE },
            backoff: Backoff::exponential(MINUTE, MINUTE).with_attempts(NonZeroU32::MIN),
            fail_fast: false,
        };
        let input = Input { source: "-".to_owned(), text: Ok(definition) };
        let work = Job::new(vec![input], &context);
        let one = NonZeroUsize::MIN;
        let traffic = Traffic::of_one_run(Concurrency { all: one, per_registry: one });
        let report =
            work.pull(&self.credentials, &self.engine, &traffic, &limits, &Silent, &CancellationToken::new()).await;
        serde_json::to_value(&report).unwrap()["tasks"][0]["containers"][0].take()
    }
}

/// What the world has put into the environment, as the program would find it.
pub fn variable(name: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "a story is told in a process of its own")]
    std::env::var(name).unwrap()
}

/// The clock moves on, and with it nothing else.
pub async fn later(time: Duration) {
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
fn a_token_serves_through_an_outage_to_its_end_and_not_past_it() {
    let world = crate::ecr::world();
    world.aws.fault("GetAuthorizationToken", When::From(2), Fault::Status(503));
    tell(&world, "pull_days::within_the_life_of_a_token");
    assert!(crate::ecr::tokens(&world).len() > 1, "it was asked for ahead of its end");
}

#[tokio::test]
#[ignore = "a_token_serves_through_an_outage_to_its_end_and_not_past_it runs it"]
async fn within_the_life_of_a_token() {
    let host = Host::new();
    let definition = task(&[open_container("app", OWN)]);
    assert_eq!(host.pull_task(&definition).await["result"], "pulled");
    for minutes in [8 * 60, 3 * 60 + 30, 20, 9] {
        later(minutes * MINUTE).await;
        let app = host.pull_task(&definition).await;
        assert_eq!(app["result"], "up-to-date", "{minutes} minutes later: {app}");
    }
    later(2 * MINUTE).await;
    // The call ahead of the end may still be under way, and the clock has run past its deadline.
    for classes in [&["timed-out", "unavailable"][..], &["unavailable"]] {
        let failure = host.pull_task(&definition).await["failure"].take();
        assert_eq!(failure["link"], "registry-token", "{failure}");
        assert!(classes.contains(&failure["class"].as_str().unwrap()), "{failure}");
    }
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

#[test]
fn a_hosts_key_that_sts_rejects_is_not_shown_to_it_again() {
    let world = World::new();
    world.aws.user(HOST, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.role(ROLE, Policy::trust(HOST), Policy::allow(GET, "*"));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, id: &str| {
        let path = folder.path().join(name);
        let secret = &world.host.secret;
        let text = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (old, new) = (file("credentials", "AKIAUNKNOWNUNKNOWN00"), file("new", &world.host.id));
    let variables = [
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_SHARED_CREDENTIALS_FILE", &*old),
        ("NEW_CREDENTIALS_FILE", &*new),
    ];
    tell_with(&world, "pull_days::within_a_change_of_keys", &variables);
}

#[tokio::test]
#[ignore = "a_hosts_key_that_sts_rejects_is_not_shown_to_it_again runs it"]
async fn within_a_change_of_keys() {
    let host = Host::new();
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = ROLE.into();
    let failure = host.pull_task(&definition).await["failure"].take();
    assert_eq!((&failure["link"], &failure["class"]), (&"host-identity".into(), &"refused".into()), "{failure}");
    std::fs::rename(variable("NEW_CREDENTIALS_FILE"), variable("AWS_SHARED_CREDENTIALS_FILE")).unwrap();
    let app = host.pull_task(&definition).await;
    assert_eq!(app["result"], "pulled", "{app}");
}

/// File descriptors that are open, and bytes of memory in use.
pub fn held() -> (usize, usize) {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let memory = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = memory.split(' ').nth(1).unwrap().parse().unwrap();
    (descriptors, pages * 4_096)
}
