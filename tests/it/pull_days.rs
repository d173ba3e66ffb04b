//! Hours of use within a second: one credential provider makes many pulls over real sockets
//! while the test advances the clock of its runtime.
//!
//! The SDK takes its settings from the environment, which a test must not change for its own
//! process. Each scenario therefore consists of two tests: the first creates the servers and
//! runs the second, which is marked as ignored, in a child process.

use std::num::{NonZeroU32, NonZeroUsize};

use serde_json::Value;
use taskpull::aws::AwsClient;
use taskpull::config::RoleUse;
use taskpull::credential::CachingCredentialProvider;
use taskpull::engine::DockerAddress;
use taskpull::identity::AccountRoles;
use taskpull::pipeline::{Input, PullRun};
use taskpull::plan::{PlanContext, Rewrites};
use taskpull::pull::{CachePolicy, Concurrency, Deadlines, ProgressObserver, PullLimiter, PullLimits, PullState};
use taskpull::retry::Backoff;
use tokio_util::sync::CancellationToken;

use crate::support::aws::{AwsFault, Policy};
use crate::support::fault::Calls;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::support::process::{ResourceUsage, resource_usage};
use crate::support::world::{IMAGE, OWN_IMAGE, World, container, open_container, task};
use crate::support::world::{MINUTE, advance_clock, credential_provider, run_story_with, story_variable};

/// Runs the ignored test of this name in a child process that uses this world.
fn run_story(world: &World, test: &str) {
    run_story_with(world, test, &[]);
}

/// Makes repeated pulls with one credential provider, which keeps its caches.
struct Puller {
    credentials: CachingCredentialProvider<AwsClient>,
    engine: DockerAddress,
}

struct NoProgress;

impl ProgressObserver for NoProgress {
    fn update(&self, _: usize, _: &PullState) {}
}

impl Puller {
    fn new() -> Self {
        Self {
            credentials: credential_provider(),
            engine: DockerAddress::parse(&story_variable("DOCKER_HOST")).unwrap(),
        }
    }

    /// Pulls the image and returns its container from the report.
    async fn pull(&self) -> Value {
        self.pull_task(&task(&[container("app", IMAGE, SECRET)])).await
    }

    async fn pull_task(&self, definition: &Value) -> Value {
        let definition = definition.to_string().into_bytes();
        let no_host_login = |_: &_| None;
        let (accounts, rewrites) = (&AccountRoles::default(), &Rewrites::default());
        let context =
            PlanContext { roles: RoleUse::Assume, accounts, rewrites, platform: None, host_login: &no_host_login };
        let limits = PullLimits {
            disk: taskpull::pull::DiskLimits::default(),
            cache_policy: CachePolicy::default(),
            deadlines: Deadlines { answer: MINUTE, begin: MINUTE, idle: MINUTE, restart: MINUTE, total: MINUTE },
            backoff: Backoff::exponential(MINUTE, MINUTE).with_attempts(NonZeroU32::MIN),
            fail_fast: false,
        };
        let input = Input { source: "-".to_owned(), text: Ok(definition) };
        let run = PullRun::new(vec![input], &context);
        let one = NonZeroUsize::MIN;
        let traffic = PullLimiter::for_one_run(Concurrency { all: one, per_registry: one });
        let report =
            run.pull(&self.credentials, &self.engine, &traffic, &limits, &NoProgress, &CancellationToken::new()).await;
        serde_json::to_value(&report).unwrap()["tasks"][0]["containers"][0].take()
    }
}

#[test]
fn stale_secret_is_used_and_reported_until_the_outage_limit() {
    let world = World::new();
    world.aws.inject_fault("GetSecretValue", Calls::From(2), AwsFault::Status(503));
    run_story(&world, "pull_days::child_process_pulls_through_an_aws_outage");
    assert!(world.aws.call_count("GetSecretValue") > 2);
}

#[tokio::test]
#[ignore = "stale_secret_is_used_and_reported_until_the_outage_limit runs it"]
async fn child_process_pulls_through_an_aws_outage() {
    let puller = Puller::new();
    assert_eq!(puller.pull().await["result"], "pulled");
    // The outage lasts ten minutes, with one pull in each minute.
    for minute in 1..=10 {
        advance_clock(MINUTE).await;
        let app = puller.pull().await;
        assert_eq!(app["result"], "up-to-date", "minute {minute}: {app}");
        let stale = &app["credential"]["staleSeconds"];
        assert_eq!(stale.as_u64().is_some_and(|age| age >= 300), minute >= 5, "minute {minute}: {app}");
    }
    advance_clock(53 * MINUTE).await;
    assert_eq!(puller.pull().await["result"], "up-to-date", "the value is slightly younger than the limit");
    advance_clock(3 * MINUTE).await;
    let failure = puller.pull().await["failure"].take();
    assert_eq!(failure["class"], "unavailable", "{failure}");
    assert!(failure["message"].as_str().unwrap().contains("the secret was last read 1h 6m"), "{failure}");
}

#[test]
fn ecr_token_is_used_during_an_outage_until_it_expires() {
    let world = crate::support::world::ecr_world();
    world.aws.inject_fault("GetAuthorizationToken", Calls::From(2), AwsFault::Status(503));
    run_story(&world, "pull_days::child_process_pulls_until_the_ecr_token_expires");
    assert!(crate::support::world::token_calls(&world).len() > 1, "the token is refreshed before it expires");
}

#[tokio::test]
#[ignore = "ecr_token_is_used_during_an_outage_until_it_expires runs it"]
async fn child_process_pulls_until_the_ecr_token_expires() {
    let puller = Puller::new();
    let definition = task(&[open_container("app", OWN_IMAGE)]);
    assert_eq!(puller.pull_task(&definition).await["result"], "pulled");
    for minutes in [8 * 60, 3 * 60 + 30, 20, 9] {
        advance_clock(minutes * MINUTE).await;
        let app = puller.pull_task(&definition).await;
        assert_eq!(app["result"], "up-to-date", "{minutes} minutes later: {app}");
    }
    advance_clock(2 * MINUTE).await;
    // The refresh may still be in flight; the clock is then past its deadline.
    for classes in [&["timed-out", "unavailable"][..], &["unavailable"]] {
        let failure = puller.pull_task(&definition).await["failure"].take();
        assert_eq!(failure["link"], "registry-token", "{failure}");
        assert!(classes.contains(&failure["class"].as_str().unwrap()), "{failure}");
    }
}

#[test]
fn thousand_refreshes_leak_no_file_descriptors_or_memory() {
    let world = World::new();
    run_story(&world, "pull_days::child_process_refreshes_the_secret_a_thousand_times");
    let reads = world.aws.call_count("GetSecretValue");
    assert!((1_100..=1_101).contains(&reads), "{reads} reads");
}

#[tokio::test]
#[ignore = "thousand_refreshes_leak_no_file_descriptors_or_memory runs it"]
async fn child_process_refreshes_the_secret_a_thousand_times() {
    let puller = Puller::new();
    let mut baseline = ResourceUsage::default();
    for refresh in 0..1_100 {
        // The first hundred refreshes warm up the allocator and are not measured.
        if refresh == 100 {
            baseline = resource_usage();
        }
        advance_clock(6 * MINUTE).await;
        assert!(puller.pull().await["failure"].is_null());
    }
    let ResourceUsage { descriptors, memory } = resource_usage();
    assert_eq!(descriptors, baseline.descriptors, "open file descriptors");
    // A leak of one and a half pages per refresh would be six megabytes.
    assert!(memory < baseline.memory + 2_000_000, "{} bytes became {memory}", baseline.memory);
}

#[test]
fn host_key_rejected_by_sts_is_not_used_again() {
    let world = World::new();
    world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
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
    run_story_with(&world, "pull_days::child_process_replaces_a_rejected_host_key", &variables);
}

#[tokio::test]
#[ignore = "host_key_rejected_by_sts_is_not_used_again runs it"]
async fn child_process_replaces_a_rejected_host_key() {
    let puller = Puller::new();
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = ROLE.into();
    let failure = puller.pull_task(&definition).await["failure"].take();
    assert_eq!((&failure["link"], &failure["class"]), (&"host-identity".into(), &"refused".into()), "{failure}");
    std::fs::rename(story_variable("NEW_CREDENTIALS_FILE"), story_variable("AWS_SHARED_CREDENTIALS_FILE")).unwrap();
    let app = puller.pull_task(&definition).await;
    assert_eq!(app["result"], "pulled", "{app}");
}
