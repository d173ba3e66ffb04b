//! Many tasks at once: what is done once, and what is decided for each.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::aws::{Policy, Secret};
use crate::support::names::{ACCOUNT_ROOT, GET_SECRET_VALUE, HOST_USER, SECRET};
use crate::support::run::{Run, RunOutput};
use crate::support::world::{IMAGE, LOGIN, World, container, task};

fn role(at: usize) -> String {
    format!("arn:aws:iam::111122223333:role/task-{at}")
}

/// Pulls these definitions, each from a file of its own, in one run.
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
fn fifty_tasks_with_one_secret_and_one_image_are_one_read_and_one_pull() {
    let world = World::new();
    let ended = pull_all(&world, &vec![task(&[container("app", IMAGE, SECRET)]); 50]);
    assert_eq!(ended.report()["summary"]["pulled"], 50, "{ended:?}");
    assert_eq!((world.aws.call_count("GetSecretValue"), world.engine.pull_count(IMAGE)), (1, 1));
}

#[test]
fn fifty_tasks_with_fifty_roles_are_fifty_decisions() {
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
        calls.iter().filter(|call| call.operation == "AssumeRole").map(|it| &it.target).collect();
    let readers: BTreeSet<_> =
        calls.iter().filter(|call| call.operation == "GetSecretValue").map(|it| &it.principal).collect();
    assert_eq!((assumed.len(), readers.len()), (50, 50), "each role is assumed, and each reads");
}

#[test]
fn a_second_task_is_refused_when_its_role_is_though_the_first_one_has_the_secret_and_the_image() {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", "*"));
    world.aws.put_role(&role(0), Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    world.aws.put_role(&role(1), Policy::trust(HOST_USER), Policy::none());
    let ended = pull_all(&world, &[with_role(0), with_role(1)]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let tasks = &ended.report()["tasks"];
    assert_eq!(tasks[0]["containers"][0]["result"], "pulled");
    assert_eq!(tasks[1]["containers"][0]["failure"]["link"], "secret-policy");
    assert_eq!(world.engine.pull_count(IMAGE), 1, "the second one never reached the engine");
}

/// A secret of one of 20 accounts, which admits the host's, in one of 5 Regions.
fn far_secret(world: &World, at: usize) -> String {
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
fn ten_thousand_containers_over_two_hundred_secrets_are_two_hundred_reads_each_in_its_region() {
    let mut world = World::new();
    world.host =
        world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("kms:Decrypt", "*")));
    let secrets: Vec<_> = (0..200).map(|at| far_secret(&world, at)).collect();
    let containers: Vec<_> = (0..10_000)
        .map(|at| container(&format!("c{at}"), &format!("registry.example/app{}:1", at % 200), &secrets[at % 200]))
        .collect();
    // ECS allows ten in a definition.
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
