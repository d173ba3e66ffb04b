//! Many tasks in one run: which work they share, and what is decided for each task.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::aws::{Policy, Secret};
use crate::support::names::{ACCOUNT_ROOT, GET_SECRET_VALUE, HOST_USER, SECRET};
use crate::support::run::{Run, RunOutput};
use crate::support::world::{IMAGE, LOGIN, World, container, task};

fn role(at: usize) -> String {
    format!("arn:aws:iam::111122223333:role/task-{at}")
}

/// Pulls these definitions in one run, each from its own file.
fn pull_all(world: &World, definitions: &[Value]) -> RunOutput {
    let folder = tempfile::tempdir().unwrap();
    for (at, definition) in definitions.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{at:03}.json")), definition.to_string()).unwrap();
    }
    world.configure(Run::new(["pull", "--output", "json"]).arg(folder.path())).output()
}

fn with_role(at: usize) -> Value {
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(role(at));
    definition
}

#[test]
fn fifty_equal_tasks_cause_one_secret_read_and_one_pull() {
    let world = World::new();
    let ended = pull_all(&world, &vec![task(&[container("app", IMAGE, SECRET)]); 50]);
    assert_eq!(ended.report()["summary"]["pulled"], 50, "{ended:?}");
    assert_eq!((world.aws.call_count("GetSecretValue"), world.engine.pull_count(IMAGE)), (1, 1));
}

#[test]
fn each_of_fifty_roles_is_assumed_and_reads_the_secret_itself() {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", "*"));
    for at in 0..50 {
        world.aws.put_role(&role(at), Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    }
    let definitions: Vec<_> = (0..50).map(with_role).collect();
    let ended = pull_all(&world, &definitions);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((world.aws.call_count("AssumeRole"), world.aws.call_count("GetSecretValue")), (50, 50));
    let calls = world.aws.calls();
    let assumed: BTreeSet<_> =
        calls.iter().filter(|call| call.operation == "AssumeRole").map(|call| &call.target).collect();
    let readers: BTreeSet<_> =
        calls.iter().filter(|call| call.operation == "GetSecretValue").map(|call| &call.principal).collect();
    assert_eq!((assumed.len(), readers.len()), (50, 50), "each role is assumed and reads the secret");
}

#[test]
fn task_with_a_denied_role_is_refused_despite_a_cached_secret() {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", "*"));
    world.aws.put_role(&role(0), Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    world.aws.put_role(&role(1), Policy::trust(HOST_USER), Policy::none());
    let ended = pull_all(&world, &[with_role(0), with_role(1)]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let tasks = &ended.report()["tasks"];
    assert_eq!(tasks[0]["containers"][0]["result"], "pulled");
    assert_eq!(tasks[1]["containers"][0]["failure"]["link"], "secret-policy");
    assert_eq!(world.engine.pull_count(IMAGE), 1, "the second task never reaches the engine");
}

/// Creates a secret in one of 20 accounts and 5 Regions that the host's account may read.
fn cross_account_secret(world: &World, at: usize) -> String {
    let region = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"][at % 5];
    let account = 200_000_000_000 + at / 5 % 20;
    let key = format!("arn:aws:kms:{region}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    world.aws.put_key(&key, Policy::allow("kms:Decrypt", "*").to(ACCOUNT_ROOT));
    let arn = format!("arn:aws:secretsmanager:{region}:{account}:secret:hub-{at}-Ab12Cd");
    world.aws.put_secret(
        Secret::text(&arn, LOGIN).key(&key).resource_policy(Policy::allow(GET_SECRET_VALUE, "*").to(ACCOUNT_ROOT)),
    );
    arn
}

#[test]
fn each_secret_is_read_once_in_its_region_for_many_containers() {
    let mut world = World::new();
    world.host =
        world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("kms:Decrypt", "*")));
    let secrets: Vec<_> = (0..200).map(|at| cross_account_secret(&world, at)).collect();
    let containers: Vec<_> = (0..10_000)
        .map(|at| container(&format!("c{at}"), &format!("registry.example/app{}:1", at % 200), &secrets[at % 200]))
        .collect();
    // ECS allows ten containers in a definition.
    let definitions: Vec<_> = containers.chunks(10).map(task).collect();
    let ended = pull_all(&world, &definitions);
    assert_eq!(ended.report()["summary"]["pulled"], 10_000, "{}", ended.stderr);
    assert_eq!((world.aws.calls().len(), world.aws.call_count("GetSecretValue")), (200, 200));
    assert_eq!(world.engine.pulls().len(), 200);
    for call in world.aws.calls() {
        let (region, secret) = (call.region.unwrap(), call.target.unwrap());
        assert_eq!(secret.split(':').nth(3), Some(&*region), "{secret}");
    }
}
