//! The requests that the engine receives, and the failures that its answers become.

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
fn engine_always_receives_a_tag_or_a_digest() {
    let world = World::new();
    let by_digest = format!("registry.example/app:v1@{DIGEST}");
    let definition = task(&[open_container("a", "registry.example/app"), open_container("b", &by_digest)]);
    let ended = world.pull(&definition).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut images: Vec<_> = world.engine.pulls().into_iter().map(|pull| pull.image).collect();
    images.sort();
    assert_eq!(images, ["registry.example/app:latest".to_owned(), format!("registry.example/app@{DIGEST}")]);
    assert_eq!(ended.container(1)["digest"], DIGEST);
}

#[test]
fn second_pull_of_an_image_is_up_to_date() {
    let world = World::new();
    assert_eq!(pull_one(&world).output().container(0)["result"], "pulled");
    assert_eq!(pull_one(&world).output().container(0)["result"], "up-to-date");
}

#[test]
fn error_line_in_a_successful_response_fails_the_pull() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").error("manifest unknown"));
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "manifest absent"), "{ended:?}");
}

#[test]
fn local_image_with_another_digest_fails_the_pull() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::success().with_reported_digest(DIGEST));
    let ended = pull_one(&world).output();
    assert_eq!(ended.failure(0), "engine unknown", "{ended:?}");
    assert!(ended.stdout.contains("but the local image has"));
}

#[test]
fn refusal_is_final_and_outage_is_retried() {
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
fn unknown_engine_message_is_retried_once_and_reported_verbatim() {
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
fn busy_engine_is_retried() {
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
fn cancellation_by_the_engine_is_a_failure_not_an_interrupt() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").error("context canceled"));
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "engine cancelled"), "{ended:?}");
    assert_eq!(ended.container(0)["result"], "failed");
}

#[test]
fn error_detail_without_a_message_fails_the_pull() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().line(&json!({ "errorDetail": { "code": 401 } })));
    let ended = pull_one(&world).output();
    assert_eq!(ended.failure(0), "engine refused", "{ended:?}");
}

#[test]
fn stalled_stream_fails_after_the_idle_timeout() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").hang());
    let run = pull_one(&world).env("TASKPULL_IDLE_TIMEOUT", "1s").env("TASKPULL_ATTEMPTS", "1");
    let ended = run.output();
    assert_eq!(ended.failure(0), "layers unavailable", "{ended:?}");
    assert!(ended.stdout.contains("no progress for 1s"));
}

#[test]
fn endless_pull_fails_at_the_total_timeout() {
    let world = World::new();
    let endless = (0..100)
        .fold(PullScript::stream(), |pull, at| pull.status(&format!("Step {at}")).pause(Duration::from_millis(100)));
    world.engine.script(IMAGE, endless);
    let ended = pull_one(&world).env("TASKPULL_TOTAL_TIMEOUT", "1s").output();
    assert_eq!(ended.failure(0), "layers timed-out", "{ended:?}");
}

#[test]
fn lost_engine_connection_is_reported_as_engine_gone() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").reset());
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
}

#[test]
fn stream_without_a_digest_fails_although_the_image_is_cached() {
    let world = World::new();
    assert_eq!(pull_one(&world).output().code, 0, "the image is cached");
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
fn registry_at_the_engine_address_is_rejected() {
    let world = World::new();
    let registry = crate::support::registry::FakeRegistry::start();
    let ended = pull_one(&world).env("DOCKER_HOST", format!("tcp://{}", registry.host())).output();
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine unsupported"), "{ended:?}");
}

#[test]
fn truncated_last_line_fails_the_pull() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").raw("{\"status\":\"Dig"));
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
}

#[test]
fn last_line_without_a_newline_is_still_read() {
    for line_break in [Some("\r\n"), Some("\n"), None] {
        let world = World::new();
        let last = format!(r#"{{"status":"Status: Downloaded newer image for {IMAGE}"}}"#);
        let stream =
            PullScript::stream().status(&format!("Digest: {DIGEST}")).raw(&last).pause(Duration::from_millis(5));
        world.engine.script(IMAGE, line_break.into_iter().fold(stream, PullScript::raw).with_local_digest(DIGEST));
        let ended = pull_one(&world).output();
        assert_eq!(ended.code, 0, "{line_break:?}: {ended:?}");
        assert_eq!(ended.container(0)["attempts"], 1, "{line_break:?}: {ended:?}");
    }
}

#[test]
fn error_line_before_a_connection_reset_is_reported() {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::stream().error("manifest unknown").reset());
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "manifest absent"), "{ended:?}");
}

#[test]
fn concurrency_limit_is_reached_and_never_exceeded() {
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
    assert_eq!(world.engine.pulls().len(), 3, "the fourth pull waits for a permit");
    gate.open();
    let ended = RunOutput::wait_for(running);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(world.engine.max_concurrent_pulls(), 3);
}

#[test]
fn fail_fast_cancels_the_other_pulls() {
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
fn interrupt_cancels_the_pull_and_is_reported() {
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
            "the connection to the engine is closed"
        );
    }
}

#[test]
fn each_cause_of_a_missing_engine_has_its_own_message() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let stale_socket = folder.path().join("deaf.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale_socket).unwrap());
    for (host, message) in [
        (format!("unix://{}/none.sock", folder.path().display()), "the socket does not exist"),
        (format!("unix://{}", stale_socket.display()), "the connection was refused"),
        ("tcp://127.0.0.1:1".to_owned(), "the connection was refused"),
    ] {
        let ended = pull_one(&world).env("DOCKER_HOST", &host).output();
        assert_eq!(ended.code, 5, "{host}: {ended:?}");
        assert!(ended.stdout.contains(message), "{host}: {ended:?}");
    }
    for (host, message) in
        [("unix://relative", "the path of a socket must begin with `/`"), ("ftp://somewhere", "it is neither `unix://")]
    {
        let ended = pull_one(&world).env("DOCKER_HOST", host).output();
        assert_eq!(ended.code, 6, "{host}: {ended:?}");
        assert!(ended.stderr.contains(message), "{host}: {ended:?}");
    }
}
