//! A host whose file systems are read-only.

use crate::support::aws::Policy;
use crate::support::host::FakeContainerCredentials;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::support::namespace::read_only_command;
use crate::support::run::Run;
use crate::support::world::{IMAGE, World, container, task};

#[test]
fn pull_works_without_a_home_or_a_writable_folder() {
    let world = World::new();
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    let endpoint = FakeContainerCredentials::start(&world.aws.open_session(ROLE, "task"), "t");
    let line = read_only_command();
    let program = [env!("CARGO_BIN_EXE_taskpull"), "pull", "--output", "json", "-"];
    let run = line[1..].iter().chain(&program).fold(Run::program(line[0]), Run::arg);
    // Without an access key, the program looks for an identity in every source, also in the home folder.
    let run = world.configure(run).env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "");
    let run = run.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.uri());
    let run = run.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "t").env("RUST_LOG", "debug");
    let ended = run.stdin(task(&[container("app", IMAGE, SECRET)]).to_string()).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["result"], "pulled", "{ended:?}");
    assert!(!format!("{ended:?}").to_lowercase().contains("read-only"), "no write is attempted: {ended:?}");
}
