//! Hours of use within a second: pulls by one resolver that stays, over real sockets, while
//! the clock of its runtime is moved on.
//!
//! The SDK takes its settings from the environment, and a test may not change its own. So
//! each story is told twice: by a test that makes the world, and by one within it, marked
//! as ignored because the first one runs it.

use std::num::{NonZeroU32, NonZeroUsize};

use serde_json::Value;
use taskpull::pipeline::{
    AccountRoles, AwsClient, Backoff, Caching, CachingCredentialProvider, Concurrency, Deadlines, DockerAddress, Input,
    PlanContext, ProgressObserver, PullLimiter, PullLimits, PullRun, PullState, Rewrites, RoleUse,
};
use tokio_util::sync::CancellationToken;

use crate::support::aws::{AwsFault, Policy};
use crate::support::fault::Calls;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::support::process::{ResourceUsage, resource_usage};
use crate::support::world::{IMAGE, OWN_IMAGE, World, container, open_container, task};
use crate::support::world::{MINUTE, advance_clock, credential_provider, run_story_with, story_variable};

/// Runs the story of this name in a process of its own, in this world.
fn run_story(world: &World, story: &str) {
    run_story_with(world, story, &[]);
}

/// Whoever pulls again and again.
struct Host {
    credentials: CachingCredentialProvider<AwsClient>,
    engine: DockerAddress,
}

struct Silent;

impl ProgressObserver for Silent {
    fn update(&self, _: usize, _: &PullState) {}
}

impl Host {
    fn new() -> Self {
        Self {
            credentials: credential_provider(),
            engine: DockerAddress::parse(&story_variable("DOCKER_HOST")).unwrap(),
        }
    }

    /// The report of one more pull.
    async fn pull(&self) -> Value {
        self.pull_task(&task(&[container("app", IMAGE, SECRET)])).await
    }

    async fn pull_task(&self, definition: &Value) -> Value {
        let definition = definition.to_string().into_bytes();
        let no_logins = |_: &_| None;
        let (accounts, rewrites) = (&AccountRoles::default(), &Rewrites::default());
        let context = PlanContext { roles: RoleUse::Assume, accounts, rewrites, platform: None, instance: &no_logins };
        let limits = PullLimits {
            disk: taskpull::pull::DiskLimits::default(),
            caching: Caching::default(),
            deadlines: Deadlines { answer: MINUTE, begin: MINUTE, idle: MINUTE, restart: MINUTE, total: MINUTE },
            backoff: Backoff::new(MINUTE, MINUTE, NonZeroU32::MIN.get()).unwrap(),
            fail_fast: false,
        };
        let input = Input { source: "-".to_owned(), text: Ok(definition) };
        let work = PullRun::new(vec![input], &context);
        let one = NonZeroUsize::MIN;
        let traffic = PullLimiter::of_one_run(Concurrency { all: one, per_registry: one });
        let report =
            work.pull(&self.credentials, &self.engine, &traffic, &limits, &Silent, &CancellationToken::new()).await;
        serde_json::to_value(&report).unwrap()["tasks"][0]["containers"][0].take()
    }
}

#[test]
fn an_outage_of_aws_is_bridged_said_and_ended() {
    let world = World::new();
    world.aws.inject_fault("GetSecretValue", Calls::From(2), AwsFault::Status(503));
    run_story(&world, "pull_days::within_an_outage");
    assert!(world.aws.call_count("GetSecretValue") > 2);
}

#[tokio::test]
#[ignore = "an_outage_of_aws_is_bridged_said_and_ended runs it"]
async fn within_an_outage() {
    let host = Host::new();
    assert_eq!(host.pull().await["result"], "pulled");
    // Ten minutes of outage, a pull in each.
    for minute in 1..=10 {
        advance_clock(MINUTE).await;
        let app = host.pull().await;
        assert_eq!(app["result"], "up-to-date", "minute {minute}: {app}");
        let stale = &app["credential"]["staleSeconds"];
        assert_eq!(stale.as_u64().is_some_and(|age| age >= 300), minute >= 5, "minute {minute}: {app}");
    }
    advance_clock(53 * MINUTE).await;
    assert_eq!(host.pull().await["result"], "up-to-date", "a little less than the limit");
    advance_clock(3 * MINUTE).await;
    let failure = host.pull().await["failure"].take();
    assert_eq!(failure["class"], "unavailable", "{failure}");
    assert!(failure["message"].as_str().unwrap().contains("it was last read 1h 6m"), "{failure}");
}

#[test]
fn a_token_serves_through_an_outage_to_its_end_and_not_past_it() {
    let world = crate::support::world::ecr_world();
    world.aws.inject_fault("GetAuthorizationToken", Calls::From(2), AwsFault::Status(503));
    run_story(&world, "pull_days::within_the_life_of_a_token");
    assert!(crate::support::world::token_calls(&world).len() > 1, "it was asked for ahead of its end");
}

#[tokio::test]
#[ignore = "a_token_serves_through_an_outage_to_its_end_and_not_past_it runs it"]
async fn within_the_life_of_a_token() {
    let host = Host::new();
    let definition = task(&[open_container("app", OWN_IMAGE)]);
    assert_eq!(host.pull_task(&definition).await["result"], "pulled");
    for minutes in [8 * 60, 3 * 60 + 30, 20, 9] {
        advance_clock(minutes * MINUTE).await;
        let app = host.pull_task(&definition).await;
        assert_eq!(app["result"], "up-to-date", "{minutes} minutes later: {app}");
    }
    advance_clock(2 * MINUTE).await;
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
    run_story(&world, "pull_days::within_days_of_use");
    let reads = world.aws.call_count("GetSecretValue");
    assert!((1_100..=1_101).contains(&reads), "{reads} reads");
}

#[tokio::test]
#[ignore = "a_thousand_refreshes_leave_descriptors_and_memory_flat runs it"]
async fn within_days_of_use() {
    let host = Host::new();
    let mut flat = ResourceUsage::default();
    for refresh in 0..1_100 {
        // What was read before must not be in the allocator's first hundred pages.
        if refresh == 100 {
            flat = resource_usage();
        }
        advance_clock(6 * MINUTE).await;
        assert!(host.pull().await["failure"].is_null());
    }
    let ResourceUsage { descriptors, memory } = resource_usage();
    assert_eq!(descriptors, flat.descriptors, "open file descriptors");
    // A page and a half for each refresh would be six megabytes.
    assert!(memory < flat.memory + 2_000_000, "{} bytes became {memory}", flat.memory);
}

#[test]
fn a_hosts_key_that_sts_rejects_is_not_shown_to_it_again() {
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
    run_story_with(&world, "pull_days::within_a_change_of_keys", &variables);
}

#[tokio::test]
#[ignore = "a_hosts_key_that_sts_rejects_is_not_shown_to_it_again runs it"]
async fn within_a_change_of_keys() {
    let host = Host::new();
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = ROLE.into();
    let failure = host.pull_task(&definition).await["failure"].take();
    assert_eq!((&failure["link"], &failure["class"]), (&"host-identity".into(), &"refused".into()), "{failure}");
    std::fs::rename(story_variable("NEW_CREDENTIALS_FILE"), story_variable("AWS_SHARED_CREDENTIALS_FILE")).unwrap();
    let app = host.pull_task(&definition).await;
    assert_eq!(app["result"], "pulled", "{app}");
}
