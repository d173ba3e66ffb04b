//! Reads of many secrets with `BatchGetSecretValue`, and the fallback to `GetSecretValue`.

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

/// Returns a task with `count` containers that each have their own secret and image.
fn definition(world: &World, count: usize) -> Value {
    let containers: Vec<_> = (0..count)
        .map(|at| {
            world.aws.put_secret(Secret::text(&secret(at), LOGIN));
            container(&format!("c{at}"), &format!("registry.example/app{at}:1"), &secret(at))
        })
        .collect();
    task(&containers)
}

/// Returns a run that tries batch reads.
fn pull_with_batches(world: &World, definition: &Value) -> Run {
    world.pull(definition).env("TASKPULL_SECRETS_BATCH", "try")
}

/// Returns a world whose host may call `BatchGetSecretValue`.
fn world_with_batches() -> World {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow(BATCH, "*")));
    world
}

#[test]
fn two_hundred_secrets_need_at_most_twenty_aws_calls() {
    let world = world_with_batches();
    let definition = definition(&world, 200);
    let ended = pull_with_batches(&world, &definition).output();
    assert_eq!(ended.report()["summary"]["pulled"], 200, "{ended:?}");
    let calls = world.aws.call_count("BatchGetSecretValue") + world.aws.call_count("GetSecretValue");
    assert!(calls <= 20, "{calls} calls");
    assert_eq!(ended.container(7)["credential"]["arn"], secret(7), "each container has its own secret");
}

#[test]
fn denied_batch_permission_falls_back_to_single_reads_after_one_attempt() {
    let world = World::new();
    world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*"));
    let definition = definition(&world, 40);
    let ended = pull_with_batches(&world, &definition).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((world.aws.call_count("BatchGetSecretValue"), world.aws.call_count("GetSecretValue")), (1, 40));
}

#[test]
fn bad_secret_in_a_batch_does_not_fail_the_others() {
    let world = world_with_batches();
    let definition = definition(&world, 5);
    world.aws.put_secret(Secret::text(&secret(2), LOGIN).marked_for_deletion());
    let ended = pull_with_batches(&world, &definition).output();
    assert_eq!(ended.report()["summary"]["pulled"], 4, "{ended:?}");
    assert_eq!(ended.failure(2), "secret absent");
    assert!(ended.stdout.contains("marked for deletion"));
}

#[test]
fn failed_batch_call_falls_back_to_single_reads() {
    for fault in [AwsFault::Status(500), AwsFault::Garbage, AwsFault::Throttle] {
        let world = world_with_batches();
        let definition = definition(&world, 5);
        world.aws.inject_fault("BatchGetSecretValue", Calls::Every, fault);
        let ended = pull_with_batches(&world, &definition).output();
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!(world.aws.call_count("GetSecretValue"), 5);
    }
}

#[test]
fn batch_finds_secrets_by_partial_arn_and_by_name() {
    let world = world_with_batches();
    let names = [secret(0).strip_suffix("-Ab12Cd").unwrap().to_owned(), "prod/hub001".to_owned(), secret(2)];
    definition(&world, 3);
    let containers: Vec<_> =
        names.iter().enumerate().map(|(at, name)| container(&format!("c{at}"), "registry.example/a:1", name)).collect();
    let ended = pull_with_batches(&world, &task(&containers)).env("AWS_REGION", "eu-west-1").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    for at in 0..3 {
        assert_eq!(ended.container(at)["credential"]["arn"], secret(at));
    }
    assert_eq!((world.aws.call_count("BatchGetSecretValue"), world.aws.call_count("GetSecretValue")), (1, 0));
}

#[test]
fn batch_call_is_not_made_by_default() {
    let world = world_with_batches();
    let definition = definition(&world, 5);
    assert_eq!(world.pull(&definition).output().code, 0);
    assert_eq!((world.aws.call_count("BatchGetSecretValue"), world.aws.call_count("GetSecretValue")), (0, 5));
}
