//! Podman's Docker-compatible socket: its pull stream has no digest, and it reports refusals
//! with HTTP status 200.

use serde_json::{Value, json};

use crate::support::engine::{FakeEngine, PullScript};
use crate::support::names::SECRET;
use crate::support::run::RunOutput;
use crate::support::world::{IMAGE, World, container, open_container, task};

const DIGEST: &str = "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
const MANIFEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn world() -> World {
    World { engine: FakeEngine::podman(), ..World::new() }
}

fn pull(world: &World, image: &str) -> RunOutput {
    world.pull(&task(&[open_container("app", image)])).output()
}

fn progress_line(status: &str, id: &str) -> Value {
    json!({ "status": status, "progressDetail": {}, "id": id })
}

#[test]
fn podman_digest_comes_from_the_local_image_and_stays_up_to_date() {
    let world = world();
    world.engine.script(IMAGE, PullScript::success().with_local_digest(DIGEST));
    for result in ["pulled", "up-to-date"] {
        let ended = pull(&world, IMAGE);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!((&ended.container(0)["digest"], &ended.container(0)["result"]), (&json!(DIGEST), &json!(result)));
    }
}

#[test]
fn index_digest_is_reported_when_podman_lists_several() {
    let world = world();
    world.engine.script(IMAGE, PullScript::success().with_local_digest(DIGEST).with_manifest(MANIFEST));
    let ended = pull(&world, IMAGE);
    assert_eq!((ended.code, &ended.container(0)["digest"]), (0, &json!(DIGEST)), "{ended:?}");
}

#[test]
fn podman_image_with_another_digest_fails_the_pull() {
    let world = world();
    let image = format!("registry.example/app@{DIGEST}");
    // An unknown failure is retried once.
    for _ in 0..2 {
        world
            .engine
            .script_once(&image, PullScript::success().with_reported_digest(MANIFEST).with_local_digest(MANIFEST));
    }
    let ended = pull(&world, &image);
    assert_eq!(ended.failure(0), "engine unknown", "{ended:?}");
    assert!(ended.stdout.contains("but the local image has"), "{ended:?}");
    let ended = pull(&world, &image);
    assert_eq!((ended.code, &ended.container(0)["digest"]), (0, &json!(DIGEST)), "{ended:?}");
}

#[test]
fn refusal_line_in_a_podman_stream_is_final() {
    let world = world();
    world.engine.script(IMAGE, PullScript::success().with_login("me", "another"));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    assert_eq!(world.engine.pull_count(IMAGE), 1, "a refusal is final");
    let ended = pull(&world, IMAGE);
    assert!(ended.stdout.contains("the container names none"), "{ended:?}");
    world.engine.script(IMAGE, PullScript::success().with_login("me", "swordfish"));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn truncated_podman_stream_fails_although_the_image_is_cached() {
    let world = world();
    assert_eq!(pull(&world, IMAGE).code, 0, "the image is cached");
    for stream in [
        PullScript::stream(),
        PullScript::stream().line(&progress_line("Pulling fs layer", "4116f3525e4e")),
        PullScript::stream().line(&progress_line("Download complete", "4116f3525e4e")),
        PullScript::stream().line(&progress_line("Already exists", "4116f3525e4e")),
        PullScript::stream().line(&progress_line("Download complete", "")),
    ] {
        world.engine.script_once(IMAGE, stream);
        let ended = pull(&world, IMAGE);
        assert_eq!((ended.code, &*ended.failure(0)), (5, "engine unsupported"), "{ended:?}");
    }
    world.engine.script(IMAGE, PullScript::success().reset());
    assert_eq!(pull(&world, IMAGE).failure(0), "engine engine-gone");
}

#[test]
fn truncated_podman_stream_fails_when_the_image_is_absent() {
    let world = world();
    world.engine.script(IMAGE, PullScript::stream().line(&progress_line("Download complete", "dc1fdbf8d3fb")));
    let ended = pull(&world, IMAGE);
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine unsupported"), "{ended:?}");
}
