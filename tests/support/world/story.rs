//! Tests that run twice: the outer test creates a world, and runs the inner test in a process whose
//! environment points to that world.
//!
//! The AWS SDK reads its settings from the environment, which a test must not change in its own
//! process. The inner test is marked as ignored, because the outer one runs it. It advances the
//! clock of its runtime, so that hours pass within a second.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use taskpull::aws::AwsClient;
use taskpull::config::{AccessTokens, Batching, HostKind};
use taskpull::credential::host_logins::{HostLoginSettings, HostLogins};
use taskpull::credential::{CacheConfig, CachingCredentialProvider};
use tokio::time::{advance, pause, resume};

use super::super::run::Run;
use super::pull_world::World;

pub const MINUTE: Duration = Duration::from_mins(1);

/// Runs the inner test with this full name in a process of its own, with additional variables.
pub fn run_story_with(world: &World, story: &str, variables: &[(&'static str, &str)]) {
    let test_binary = std::env::current_exe().unwrap();
    let run = Run::program(test_binary.to_str().unwrap());
    let run = ["--exact", story, "--ignored", "--nocapture"].into_iter().fold(run, Run::arg);
    let output = world.configure(run).envs(variables.iter().copied()).output();
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains("1 passed"), "the story was not found: {output:?}");
}

/// An environment variable of the inner test.
pub fn story_variable(name: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "the inner test has a process of its own")]
    std::env::var(name).unwrap()
}

/// Advances the clock of the runtime, and nothing else.
pub async fn advance_clock(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

/// A provider that caches secrets for five minutes, and for one more hour while AWS is unavailable.
pub fn credential_provider() -> CachingCredentialProvider<AwsClient> {
    let logins = HostLoginSettings {
        host: HostKind::Auto,
        has_auth_type: false,
        auth_data: None,
        docker_config: None,
        helper_timeout: MINUTE,
    };
    let config = CacheConfig { max_age: 5 * MINUTE, max_stale: 60 * MINUTE, capacity: NonZeroUsize::MAX };
    let store = AwsClient::new(Duration::from_secs(10), Batching::Never, HostKind::Auto, None, Arc::new(())).unwrap();
    let logins = Arc::new(HostLogins::read(&logins).unwrap());
    CachingCredentialProvider::new(Arc::new(store), config, AccessTokens::Refuse, logins, Arc::new(()))
}
