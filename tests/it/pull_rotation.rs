//! A registry refuses: was the secret rotated meanwhile?

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
fn a_secret_rotated_between_the_read_and_the_pull_is_read_again_and_serves() {
    let world = World::new();
    let gate = Gate::closed();
    world.engine.script_once(IMAGE, PullScript::stream().hold(&gate).error(REFUSED));
    world.engine.script(IMAGE, PullScript::success().with_login("me", "new"));
    let running = world.pull(&task(&[container("app", IMAGE, SECRET)])).start();
    gate.block_until_arrivals(1);
    let version = world.aws.rotate(SECRET, &json!({ "username": "me", "password": "new" }).to_string());
    gate.open();
    let ended = RunOutput::wait_for(running);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["credential"]["versionId"], version);
    assert_eq!(ended.container(0)["attempts"], 2);
    assert_eq!((world.aws.call_count("GetSecretValue"), world.engine.pull_count(IMAGE)), (2, 2));
}

#[test]
fn wrong_credentials_are_final_after_two_reads_and_one_pull() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::refusal(500, REFUSED));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
    assert_eq!((world.aws.call_count("GetSecretValue"), world.engine.pull_count(IMAGE)), (2, 1));
}

#[test]
fn ten_images_refused_for_one_secret_cost_two_reads() {
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
fn a_rotation_that_does_not_help_is_tried_once() {
    let world = World::new();
    let gate = Gate::closed();
    world.engine.script_once(IMAGE, PullScript::stream().hold(&gate).error(REFUSED));
    world.engine.script(IMAGE, PullScript::refusal(500, REFUSED));
    let running = world.pull(&task(&[container("app", IMAGE, SECRET)])).start();
    gate.block_until_arrivals(1);
    world.aws.rotate(SECRET, &json!({ "username": "me", "password": "also wrong" }).to_string());
    gate.open();
    let ended = RunOutput::wait_for(running);
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
    assert_eq!((world.aws.call_count("GetSecretValue"), world.engine.pull_count(IMAGE)), (2, 2));
}

#[test]
fn a_refusal_is_in_doubt_while_the_secret_cannot_be_read_again() {
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
fn what_waited_for_its_turn_does_not_show_again_what_was_refused_in_an_outage() {
    let world = World::new();
    world.aws.inject_fault("GetSecretValue", Calls::From(2), AwsFault::Status(500));
    let images: Vec<_> = (0..10).map(|at| format!("registry.example:5000/team/app:v{at}")).collect();
    let containers = images.iter().enumerate().map(|(at, image)| {
        world.engine.script(image, PullScript::refusal(500, REFUSED));
        container(&format!("c{at}"), image, SECRET)
    });
    let ended = world.pull(&task(&containers.collect::<Vec<_>>())).arg("--concurrency").arg("1").output();
    let shown: usize = images.iter().map(|image| world.engine.pull_count(image)).sum();
    assert!((0..10).all(|at| ended.failure(at) == "secret unavailable"), "{ended:?}");
    assert_eq!(shown, 1, "{} reads", world.aws.call_count("GetSecretValue"));
}

#[test]
fn what_was_refused_meanwhile_comes_to_a_copy_only_where_a_refusal_does() {
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
        let running = world.pull(&task(&containers)).arg("--concurrency").arg("1");
        let ended = running.env("TASKPULL_ON_REFUSAL", on_refusal).output();
        for at in 0..2 {
            assert_eq!(ended.container(at)["result"], result, "{on_refusal} {at}: {ended:?}");
        }
        let shown: usize = images.iter().map(|image| world.engine.pull_count(image)).sum();
        assert_eq!(shown, 3, "{on_refusal}");
    }
}

#[test]
fn what_the_registry_said_stands_when_the_secret_may_not_be_read_again() {
    let world = World::new();
    world.aws.inject_fault("GetSecretValue", Calls::From(2), AwsFault::Error(400, "AccessDeniedException", "no"));
    world.engine.script(IMAGE, PullScript::refusal(500, REFUSED));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
}

#[test]
fn an_absent_image_is_no_reason_to_read_the_secret_again() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::refusal(404, "manifest unknown"));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.failure(0), "manifest absent", "{ended:?}");
    assert_eq!(world.aws.call_count("GetSecretValue"), 1);
}
