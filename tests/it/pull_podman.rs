//! Podman's Docker-compatible socket: a stream without a digest, refusals of HTTP 200.

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

fn said(status: &str, id: &str) -> Value {
    json!({ "status": status, "progressDetail": {}, "id": id })
}

#[test]
fn the_digest_is_the_local_images_and_a_second_pull_is_up_to_date() {
    let world = world();
    world.engine.script(IMAGE, PullScript::success().with_local_digest(DIGEST));
    for result in ["pulled", "up-to-date"] {
        let ended = pull(&world, IMAGE);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!((&ended.container(0)["digest"], &ended.container(0)["result"]), (&json!(DIGEST), &json!(result)));
    }
}

#[test]
fn of_several_digests_the_index_s_is_told_which_the_tag_names() {
    let world = world();
    world.engine.script(IMAGE, PullScript::success().with_local_digest(DIGEST).with_manifest(MANIFEST));
    let ended = pull(&world, IMAGE);
    assert_eq!((ended.code, &ended.container(0)["digest"]), (0, &json!(DIGEST)), "{ended:?}");
}

#[test]
fn an_image_named_by_digest_must_have_it() {
    let world = world();
    let image = format!("registry.example/app@{DIGEST}");
    // What is unknown is tried again once.
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
fn a_refusal_in_a_stream_of_http_200_is_a_refusal() {
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
fn a_stream_that_was_cut_is_no_success_though_an_image_of_that_name_is_there() {
    let world = world();
    assert_eq!(pull(&world, IMAGE).code, 0, "the image is local now");
    for stream in [
        PullScript::stream(),
        PullScript::stream().line(&said("Pulling fs layer", "4116f3525e4e")),
        PullScript::stream().line(&said("Download complete", "4116f3525e4e")),
        PullScript::stream().line(&said("Already exists", "4116f3525e4e")),
        PullScript::stream().line(&said("Download complete", "")),
    ] {
        world.engine.script_once(IMAGE, stream);
        let ended = pull(&world, IMAGE);
        assert_eq!((ended.code, &*ended.failure(0)), (5, "engine unsupported"), "{ended:?}");
    }
    world.engine.script(IMAGE, PullScript::success().reset());
    assert_eq!(pull(&world, IMAGE).failure(0), "engine engine-gone");
}

#[test]
fn a_stream_that_was_cut_is_no_success_where_no_image_of_that_name_is() {
    let world = world();
    world.engine.script(IMAGE, PullScript::stream().line(&said("Download complete", "dc1fdbf8d3fb")));
    let ended = pull(&world, IMAGE);
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine unsupported"), "{ended:?}");
}
