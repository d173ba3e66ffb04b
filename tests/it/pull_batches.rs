//! `BatchGetSecretValue`, where it is wanted and allowed.

use serde_json::Value;

use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::fault::Calls;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, SECRET};
use crate::support::run::Run;
use crate::support::world::{LOGIN, World, container, task};

const BATCH: &str = "secretsmanager:BatchGetSecretValue";

fn secret(at: usize) -> String {
    SECRET.replace("hub", &format!("hub{at:03}"))
}

/// `count` containers, each with a secret and an image of its own.
fn definition(world: &World, count: usize) -> Value {
    let containers: Vec<_> = (0..count)
        .map(|at| {
            world.aws.put_secret(Secret::text(&secret(at), LOGIN));
            container(&format!("c{at}"), &format!("registry.example/app{at}:1"), &secret(at))
        })
        .collect();
    task(&containers)
}

fn pull(world: &World, definition: &Value) -> Run {
    world.pull(definition).env("TASKPULL_SECRETS_BATCH", "try")
}

fn allowed() -> World {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow(BATCH, "*")));
    world
}

#[test]
fn two_hundred_secrets_take_at_most_twenty_calls() {
    let world = allowed();
    let definition = definition(&world, 200);
    let ended = pull(&world, &definition).output();
    assert_eq!(ended.report()["summary"]["pulled"], 200, "{ended:?}");
    let calls = world.aws.call_count("BatchGetSecretValue") + world.aws.call_count("GetSecretValue");
    assert!(calls <= 20, "{calls} calls");
    assert_eq!(ended.container(7)["credential"]["arn"], secret(7), "each has its own");
}

#[test]
fn without_the_permission_secrets_are_read_singly_and_it_is_asked_for_once() {
    let world = World::new();
    world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*"));
    let definition = definition(&world, 40);
    let ended = pull(&world, &definition).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((world.aws.call_count("BatchGetSecretValue"), world.aws.call_count("GetSecretValue")), (1, 40));
}

#[test]
fn one_bad_secret_in_a_batch_is_explained_as_ever_and_costs_the_others_nothing() {
    let world = allowed();
    let definition = definition(&world, 5);
    world.aws.put_secret(Secret::text(&secret(2), LOGIN).marked_for_deletion());
    let ended = pull(&world, &definition).output();
    assert_eq!(ended.report()["summary"]["pulled"], 4, "{ended:?}");
    assert_eq!(ended.failure(2), "secret absent");
    assert!(ended.stdout.contains("marked for deletion"));
}

#[test]
fn a_batch_that_fails_is_a_detour_and_no_failure() {
    for fault in [AwsFault::Status(500), AwsFault::Garbage, AwsFault::Throttle] {
        let world = allowed();
        let definition = definition(&world, 5);
        world.aws.inject_fault("BatchGetSecretValue", Calls::Every, fault);
        let ended = pull(&world, &definition).output();
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!(world.aws.call_count("GetSecretValue"), 5);
    }
}

#[test]
fn partial_arns_and_names_find_themselves_in_a_batch() {
    let world = allowed();
    let names = [secret(0).strip_suffix("-Ab12Cd").unwrap().to_owned(), "prod/hub001".to_owned(), secret(2)];
    definition(&world, 3);
    let containers: Vec<_> =
        names.iter().enumerate().map(|(at, name)| container(&format!("c{at}"), "registry.example/a:1", name)).collect();
    let ended = pull(&world, &task(&containers)).env("AWS_REGION", "eu-west-1").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    for at in 0..3 {
        assert_eq!(ended.container(at)["credential"]["arn"], secret(at));
    }
    assert_eq!((world.aws.call_count("BatchGetSecretValue"), world.aws.call_count("GetSecretValue")), (1, 0));
}

#[test]
fn nobody_asks_for_a_batch_unless_told_to() {
    let world = allowed();
    let definition = definition(&world, 5);
    assert_eq!(world.pull(&definition).output().code, 0);
    assert_eq!((world.aws.call_count("BatchGetSecretValue"), world.aws.call_count("GetSecretValue")), (0, 5));
}
