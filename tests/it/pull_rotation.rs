//! Refusals by a registry: the secret is read again in case it was rotated.

use serde_json::json;

use crate::support::aws::AwsFault;
use crate::support::engine::PullScript;
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::names::SECRET;
use crate::support::run::RunOutput;
use crate::support::world::{IMAGE, World, container, task};

const REFUSED: &str = "Get \"https://registry.example:5000/v2/\": unauthorized: authentication required";

#[test]
fn secret_rotated_before_the_pull_is_read_again_and_used() {
    let world = World::new();
    let gate = Gate::closed();
    world.engine.script_once(IMAGE, PullScript::stream().hold(&gate).error(REFUSED));
    world.engine.script(IMAGE, PullScript::success().with_login("me", "new"));
    let run = world.pull(&task(&[container("app", IMAGE, SECRET)])).start();
    gate.block_until_arrivals(1);
    let version = world.aws.rotate(SECRET, &json!({ "username": "me", "password": "new" }).to_string());
    gate.open();
    let ended = RunOutput::wait_for(run);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["credential"]["versionId"], version);
    assert_eq!(ended.container(0)["attempts"], 2);
    assert_eq!((world.aws.call_count("GetSecretValue"), world.engine.pull_count(IMAGE)), (2, 2));
}

#[test]
fn wrong_credentials_cost_two_secret_reads_and_one_pull() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::refusal(500, REFUSED));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
    assert_eq!((world.aws.call_count("GetSecretValue"), world.engine.pull_count(IMAGE)), (2, 1));
}

#[test]
fn ten_refused_images_with_one_secret_cost_two_reads() {
    let world = World::new();
    let containers: Vec<_> = (0..10)
        .map(|at| {
            let image = format!("registry.example/app{at}:1");
            world.engine.script(&image, PullScript::refusal(500, REFUSED));
            container(&format!("c{at}"), &image, SECRET)
        })
        .collect();
    let ended = world.pull(&task(&containers)).output();
    assert_eq!(ended.report()["summary"]["failed"], 10);
    assert_eq!(world.aws.call_count("GetSecretValue"), 2);
}

#[test]
fn newer_secret_version_is_tried_only_once() {
    let world = World::new();
    let gate = Gate::closed();
    world.engine.script_once(IMAGE, PullScript::stream().hold(&gate).error(REFUSED));
    world.engine.script(IMAGE, PullScript::refusal(500, REFUSED));
    let run = world.pull(&task(&[container("app", IMAGE, SECRET)])).start();
    gate.block_until_arrivals(1);
    world.aws.rotate(SECRET, &json!({ "username": "me", "password": "also wrong" }).to_string());
    gate.open();
    let ended = RunOutput::wait_for(run);
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
    assert_eq!((world.aws.call_count("GetSecretValue"), world.engine.pull_count(IMAGE)), (2, 2));
}

#[test]
fn refusal_is_provisional_while_the_secret_cannot_be_read() {
    let world = World::new();
    world.aws.inject_fault("GetSecretValue", Calls::From(2), AwsFault::Status(500));
    world.engine.script(IMAGE, PullScript::refusal(500, REFUSED));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.failure(0), "secret unavailable", "{ended:?}");
    let failure = &ended.container(0)["failure"];
    assert!(
        failure["message"].as_str().unwrap().ends_with(" was refused for registry.example:5000/team/app"),
        "{failure}"
    );
    assert!(failure["causedBy"].as_array().unwrap().contains(&REFUSED.into()), "{failure}");
    assert_eq!(world.engine.pull_count(IMAGE), 1);
}

#[test]
fn quarantined_credential_is_not_sent_by_pulls_that_were_waiting() {
    let world = World::new();
    world.aws.inject_fault("GetSecretValue", Calls::From(2), AwsFault::Status(500));
    let images: Vec<_> = (0..10).map(|at| format!("registry.example:5000/team/app:v{at}")).collect();
    let containers = images.iter().enumerate().map(|(at, image)| {
        world.engine.script(image, PullScript::refusal(500, REFUSED));
        container(&format!("c{at}"), image, SECRET)
    });
    let ended = world.pull(&task(&containers.collect::<Vec<_>>())).arg("--concurrency").arg("1").output();
    let attempts: usize = images.iter().map(|image| world.engine.pull_count(image)).sum();
    assert!((0..10).all(|at| ended.failure(at) == "secret unavailable"), "{ended:?}");
    assert_eq!(attempts, 1, "{} reads", world.aws.call_count("GetSecretValue"));
}

#[test]
fn quarantined_credential_uses_the_cached_image_only_when_refusals_may() {
    let images = ["registry.example:5000/team/app:v0", "registry.example:5000/team/app:v1"];
    let containers: Vec<_> = images.iter().map(|image| container(&image[image.len() - 2..], image, SECRET)).collect();
    for (on_refusal, result) in [("use-cached", "cached"), ("fail", "failed")] {
        let world = World::new();
        for image in images {
            world.engine.script(image, PullScript::success());
        }
        assert_eq!(world.pull(&task(&containers)).output().code, 0);
        for image in images {
            world.engine.script(image, PullScript::refusal(500, REFUSED));
        }
        world.aws.inject_fault("GetSecretValue", Calls::From(2), AwsFault::Status(500));
        let run = world.pull(&task(&containers)).arg("--concurrency").arg("1");
        let ended = run.env("TASKPULL_ON_REFUSAL", on_refusal).output();
        for at in 0..2 {
            assert_eq!(ended.container(at)["result"], result, "{on_refusal} {at}: {ended:?}");
        }
        let attempts: usize = images.iter().map(|image| world.engine.pull_count(image)).sum();
        assert_eq!(attempts, 3, "{on_refusal}");
    }
}

#[test]
fn refusal_is_final_when_the_second_secret_read_is_denied() {
    let world = World::new();
    world.aws.inject_fault("GetSecretValue", Calls::From(2), AwsFault::Error(400, "AccessDeniedException", "no"));
    world.engine.script(IMAGE, PullScript::refusal(500, REFUSED));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
}

#[test]
fn absent_image_does_not_cause_another_secret_read() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::refusal(404, "manifest unknown"));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.failure(0), "manifest absent", "{ended:?}");
    assert_eq!(world.aws.call_count("GetSecretValue"), 1);
}
