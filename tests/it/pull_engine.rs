//! What the engine is asked, and what comes of its answers.

use std::time::Duration;

use serde_json::json;

use crate::support::engine::{PullEnd, PullScript};
use crate::support::gate::Gate;
use crate::support::run::{Run, RunOutput};
use crate::support::world::{IMAGE, World, open_container, task};

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn pull_one(world: &World) -> Run {
    world.pull(&task(&[open_container("app", IMAGE)]))
}

#[test]
fn a_tag_or_a_digest_is_always_sent() {
    let world = World::new();
    let by_digest = format!("registry.example/app:v1@{DIGEST}");
    let definition = task(&[open_container("a", "registry.example/app"), open_container("b", &by_digest)]);
    let ended = world.pull(&definition).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut asked: Vec<_> = world.engine.pulls().into_iter().map(|pull| pull.image).collect();
    asked.sort();
    assert_eq!(asked, ["registry.example/app:latest".to_owned(), format!("registry.example/app@{DIGEST}")]);
    assert_eq!(ended.container(1)["digest"], DIGEST);
}

#[test]
fn an_image_that_is_there_already_is_up_to_date() {
    let world = World::new();
    assert_eq!(pull_one(&world).output().container(0)["result"], "pulled");
    assert_eq!(pull_one(&world).output().container(0)["result"], "up-to-date");
}

#[test]
fn an_error_within_the_stream_of_http_200_is_an_error() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").error("manifest unknown"));
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "manifest absent"), "{ended:?}");
}

#[test]
fn a_success_whose_image_is_another_one_is_a_failure() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::success().with_reported_digest(DIGEST));
    let ended = pull_one(&world).output();
    assert_eq!(ended.failure(0), "engine unknown", "{ended:?}");
    assert!(ended.stdout.contains("but the local image has"));
}

#[test]
fn a_refusal_is_final_and_an_outage_is_tried_again() {
    let world = World::new();
    world.engine.script(
        IMAGE,
        PullScript::refusal(500, "Get \"https://registry.example/v2/\": unauthorized: authentication required"),
    );
    let ended = pull_one(&world).output();
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
    assert_eq!(world.engine.pull_count(IMAGE), 1);

    let world = World::new();
    world
        .engine
        .script_once(IMAGE, PullScript::refusal(500, "received unexpected HTTP status: 503 Service Unavailable"));
    let ended = pull_one(&world).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["attempts"], 2);
}

#[test]
fn words_nobody_knows_are_an_outage_once_and_are_shown_as_they_are() {
    let world = World::new();
    world
        .engine
        .script(IMAGE, PullScript::stream().status("Pulling from team/app").error("the moon is in the wrong phase"));
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "engine unknown"), "{ended:?}");
    assert_eq!(world.engine.pull_count(IMAGE), 2);
    assert!(ended.stdout.contains("the moon is in the wrong phase"));
}

#[test]
fn an_engine_that_is_too_busy_is_asked_again() {
    let world = World::new();
    world
        .engine
        .script_once(IMAGE, PullScript::refusal(503, "upstream connect error or disconnect/reset before headers"));
    assert_eq!(pull_one(&world).output().code, 0);

    let world = World::new();
    world.engine.script(IMAGE, PullScript::refusal(500, "dial tcp 10.0.0.1:443: socket: too many open files"));
    let ended = pull_one(&world).env("TASKPULL_ATTEMPTS", "3").output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "engine engine-busy"), "{ended:?}");
    assert_eq!(world.engine.pull_count(IMAGE), 3);
}

#[test]
fn what_the_engine_cancels_by_itself_is_a_failure_and_no_interrupt() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").error("context canceled"));
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "engine cancelled"), "{ended:?}");
    assert_eq!(ended.container(0)["result"], "failed");
}

#[test]
fn a_code_without_a_message_is_an_error_and_no_line() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().line(&json!({ "errorDetail": { "code": 401 } })));
    let ended = pull_one(&world).output();
    assert_eq!(ended.failure(0), "engine refused", "{ended:?}");
}

#[test]
fn a_stream_that_stands_still_is_given_up() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").hang());
    let run = pull_one(&world).env("TASKPULL_IDLE_TIMEOUT", "1s").env("TASKPULL_ATTEMPTS", "1");
    let ended = run.output();
    assert_eq!(ended.failure(0), "layers unavailable", "{ended:?}");
    assert!(ended.stdout.contains("nothing moved for 1s"));
}

#[test]
fn a_pull_that_moves_for_ever_ends_at_the_total_deadline() {
    let world = World::new();
    let endless = (0..100)
        .fold(PullScript::stream(), |pull, at| pull.status(&format!("Step {at}")).pause(Duration::from_millis(100)));
    world.engine.script(IMAGE, endless);
    let ended = pull_one(&world).env("TASKPULL_TOTAL_TIMEOUT", "1s").output();
    assert_eq!(ended.failure(0), "layers timed-out", "{ended:?}");
}

#[test]
fn an_engine_that_goes_away_in_the_middle_is_named() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").reset());
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
}

#[test]
fn a_stream_that_says_nothing_of_a_digest_is_no_success_though_the_image_is_there() {
    let world = World::new();
    assert_eq!(pull_one(&world).output().code, 0, "the image is local now");
    for stream in [
        PullScript::stream(),
        PullScript::stream().status("Pulling from team/app"),
        PullScript::stream().line(&json!({ "error": "unauthorized: authentication required" })),
    ] {
        world.engine.script_once(IMAGE, stream);
        let ended = pull_one(&world).output();
        assert_eq!((ended.code, &*ended.failure(0)), (5, "engine unsupported"), "{ended:?}");
    }
}

#[test]
fn something_else_at_the_engines_address_is_not_taken_for_one() {
    let world = World::new();
    let registry = crate::support::registry::FakeRegistry::start();
    let ended = pull_one(&world).env("DOCKER_HOST", format!("tcp://{}", registry.host())).output();
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine unsupported"), "{ended:?}");
}

#[test]
fn half_a_line_is_no_success() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").raw("{\"status\":\"Dig"));
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
}

#[test]
fn a_last_line_whose_break_comes_late_or_never_is_a_success() {
    for line_break in [Some("\r\n"), Some("\n"), None] {
        let world = World::new();
        let last = format!(r#"{{"status":"Status: Downloaded newer image for {IMAGE}"}}"#);
        let told = PullScript::stream().status(&format!("Digest: {DIGEST}")).raw(&last).pause(Duration::from_millis(5));
        world.engine.script(IMAGE, line_break.into_iter().fold(told, PullScript::raw).with_local_digest(DIGEST));
        let ended = pull_one(&world).output();
        assert_eq!(ended.code, 0, "{line_break:?}: {ended:?}");
        assert_eq!(ended.container(0)["attempts"], 1, "{line_break:?}: {ended:?}");
    }
}

#[test]
fn an_error_is_heard_though_the_connection_breaks_right_after_it() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().error("manifest unknown").reset());
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "manifest absent"), "{ended:?}");
}

#[test]
fn the_limit_of_pulls_at_once_holds_and_is_used() {
    let world = World::new();
    let gate = Gate::closed();
    let containers: Vec<_> = (0..12)
        .map(|at| {
            let image = format!("registry.example/app{at}:1");
            world.engine.script(&image, PullScript::success().hold(&gate));
            open_container(&format!("c{at}"), &image)
        })
        .collect();
    let running = world.pull(&task(&containers)).arg("--concurrency").arg("3").start();
    gate.block_until_arrivals(3);
    assert_eq!(world.engine.pulls().len(), 3, "a fourth waits for its turn");
    gate.open();
    let ended = RunOutput::wait_for(running);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(world.engine.max_concurrent_pulls(), 3);
}

#[test]
fn the_first_failure_ends_the_others_when_asked() {
    let world = World::new();
    world.engine.script("registry.example/slow:1", PullScript::stream().status("Pulling from slow").hang());
    world.engine.script(IMAGE, PullScript::refusal(404, "manifest unknown"));
    let definition = task(&[open_container("slow", "registry.example/slow:1"), open_container("app", IMAGE)]);
    let ended = world.pull(&definition).arg("--fail-fast").output();
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(ended.container(0)["result"], "cancelled");
    assert!(ended.container(0)["failure"]["message"].as_str().unwrap().contains("--fail-fast"));
    assert_eq!(ended.failure(1), "manifest absent");
}

#[test]
fn an_interrupt_ends_the_pull_and_is_reported() {
    for signal in ["INT", "TERM"] {
        let world = World::new();
        let gate = Gate::closed();
        world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").hold(&gate));
        let running = pull_one(&world).start();
        gate.block_until_arrivals(1);
        let pid = running.id().to_string();
        assert!(std::process::Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        let ended = RunOutput::wait_for(running);
        assert_eq!((ended.code, &*ended.failure(0)), (130, "engine cancelled"), "{ended:?}");
        gate.open();
        let broken = || world.engine.pulls()[0].ending == Some(PullEnd::Broken);
        assert!(
            (0..500).any(|_| broken() || {
                std::thread::sleep(Duration::from_millis(10));
                false
            }),
            "the engine is left"
        );
    }
}

#[test]
fn each_way_of_having_no_engine_is_told_apart() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let deaf = folder.path().join("deaf.sock");
    drop(std::os::unix::net::UnixListener::bind(&deaf).unwrap());
    for (host, said) in [
        (format!("unix://{}/none.sock", folder.path().display()), "there is no such socket"),
        (format!("unix://{}", deaf.display()), "nobody listens there"),
        ("tcp://127.0.0.1:1".to_owned(), "nobody listens there"),
    ] {
        let ended = pull_one(&world).env("DOCKER_HOST", &host).output();
        assert_eq!(ended.code, 5, "{host}: {ended:?}");
        assert!(ended.stdout.contains(said), "{host}: {ended:?}");
    }
    for (host, said) in
        [("unix://relative", "a socket's path begins with `/`"), ("ftp://somewhere", "it is neither `unix://")]
    {
        let ended = pull_one(&world).env("DOCKER_HOST", host).output();
        assert_eq!(ended.code, 6, "{host}: {ended:?}");
        assert!(ended.stderr.contains(said), "{host}: {ended:?}");
    }
}
