//! Many tasks at once: what is done once, and what is decided for each.

use serde_json::{Value, json};

use crate::support::aws::Policy;
use crate::support::run::{Ended, Run};
use crate::support_aws_client::{GET, HOST, SECRET};
use crate::task::{IMAGE, World, container, task};

fn role(at: usize) -> String {
    format!("arn:aws:iam::111122223333:role/task-{at}")
}

/// Pulls these definitions, each from a file of its own, in one run.
fn pull_all(world: &World, definitions: &[Value]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    for (at, definition) in definitions.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{at:03}.json")), definition.to_string()).unwrap();
    }
    world.set(Run::new(["pull", "--output", "json"]).arg(folder.path())).end()
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
    assert_eq!((world.aws.count("GetSecretValue"), world.engine.count(IMAGE)), (1, 1));
}

#[test]
fn fifty_tasks_with_fifty_roles_are_fifty_decisions() {
    let mut world = World::new();
    world.host = world.aws.user(HOST, Policy::allow("sts:AssumeRole", "*"));
    for at in 0..50 {
        world.aws.role(&role(at), Policy::trust(HOST), Policy::allow(GET, "*"));
    }
    let definitions: Vec<_> = (0..50).map(with_role).collect();
    let ended = pull_all(&world, &definitions);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((world.aws.count("AssumeRole"), world.aws.count("GetSecretValue")), (50, 50));
}

#[test]
fn a_second_task_is_refused_when_its_role_is_though_the_first_one_has_the_secret_and_the_image() {
    let mut world = World::new();
    world.host = world.aws.user(HOST, Policy::allow("sts:AssumeRole", "*"));
    world.aws.role(&role(0), Policy::trust(HOST), Policy::allow(GET, "*"));
    world.aws.role(&role(1), Policy::trust(HOST), Policy::none());
    let ended = pull_all(&world, &[with_role(0), with_role(1)]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let tasks = &ended.report()["tasks"];
    assert_eq!(tasks[0]["containers"][0]["result"], "pulled");
    assert_eq!(tasks[1]["containers"][0]["failure"]["link"], "secret-policy");
    assert_eq!(world.engine.count(IMAGE), 1, "the second one never reached the engine");
}
