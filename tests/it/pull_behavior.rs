//! Image pull behaviors: which requests the engine receives, and with which login.

use serde_json::{Value, json};

use crate::support::aws::Secret;
use crate::support::engine::{FakeEngine, PullScript};
use crate::support::names::SECRET;
use crate::support::run::{Run, RunOutput};
use crate::support::world::{IMAGE, World, container, open_container, task};

/// Returns a world whose engine has the image and whose registry requires the login of `SECRET`.
fn world_with_cached_image() -> World {
    let world = World::new();
    world.engine.script(IMAGE, PullScript::success().with_login("me", "swordfish"));
    let ended = world.pull(&definition()).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    world
}

fn definition() -> Value {
    task(&[container("app", IMAGE, SECRET)])
}

fn pull(world: &World, behavior: &str) -> Run {
    world.pull(&definition()).arg("--behavior").arg(behavior).env("TASKPULL_ATTEMPTS", "1")
}

fn result(ended: &RunOutput) -> String {
    ended.container(0)["result"].as_str().unwrap().to_owned()
}

#[test]
fn each_ecs_pull_behavior_makes_the_expected_engine_requests() {
    for (behavior, result_kind, pulls, verified) in [
        ("default", "up-to-date", 2, 0),
        ("always", "up-to-date", 2, 0),
        ("once", "cached", 1, 1),
        ("prefer-cached", "cached", 1, 1),
    ] {
        let world = world_with_cached_image();
        let ended = pull(&world, behavior).output();
        let requests = (world.engine.pull_count(IMAGE), world.engine.verified_images().len());
        assert_eq!(
            (ended.code, &*result(&ended), requests),
            (0, result_kind, (pulls, verified)),
            "{behavior}: {ended:?}"
        );
    }
}

#[test]
fn ecs_agent_variable_sets_the_pull_behavior_and_rejects_unknown_values() {
    let world = world_with_cached_image();
    let ended = world.pull(&definition()).env("ECS_IMAGE_PULL_BEHAVIOR", "prefer-cached").output();
    assert_eq!(result(&ended), "cached", "{ended:?}");
    let ended = world.pull(&definition()).env("ECS_IMAGE_PULL_BEHAVIOR", "prefercached").output();
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains("`prefer-cached`"), "{ended:?}");
}

#[test]
fn task_without_access_is_refused_although_the_image_is_cached() {
    let world = world_with_cached_image();
    let wrong = json!({ "username": "me", "password": "tuna" }).to_string();
    let their = SECRET.replace("hub", "their");
    world.aws.put_secret(Secret::text(&their, &wrong));
    let both = task(&[container("app", IMAGE, SECRET), container("other", IMAGE, &their)]);
    for behavior in ["default", "once", "prefer-cached"] {
        let ended = world.pull(&both).arg("--behavior").arg(behavior).output();
        assert_eq!((ended.code, &*ended.failure(0)), (3, "none none"), "{behavior}: {ended:?}");
        assert_eq!(ended.failure(1), "registry refused", "{behavior}: {ended:?}");
    }
}

#[test]
fn task_without_login_cannot_use_an_image_pulled_with_anothers_login() {
    let world = world_with_cached_image();
    let digest = world.pull(&definition()).output().container(0)["digest"].as_str().unwrap().to_owned();
    let by_digest = format!("{}@{digest}", IMAGE.rsplit_once(':').unwrap().0);
    for image in [IMAGE, &by_digest] {
        for behavior in ["once", "prefer-cached"] {
            // The order of the containers must not matter.
            let (open, closed) = (open_container("open", image), container("closed", image, SECRET));
            for (stranger, containers) in [(1, [closed.clone(), open.clone()]), (0, [open, closed])] {
                let ended = world.pull(&task(&containers)).arg("--behavior").arg(behavior).output();
                let failures = (ended.failure(stranger), ended.failure(1 - stranger));
                let wanted = ("registry refused".to_owned(), "none none".to_owned());
                assert_eq!(failures, wanted, "{image} {behavior}: {ended:?}");
            }
        }
    }
}

#[test]
fn cached_image_named_by_digest_is_still_verified_with_its_registry() {
    let world = world_with_cached_image();
    let digest = world.pull(&definition()).output().container(0)["digest"].as_str().unwrap().to_owned();
    let image = format!("{}@{digest}", IMAGE.rsplit_once(':').unwrap().0);
    world.engine.script(&image, PullScript::success().with_login("me", "swordfish"));
    let run = |container: Value, behavior| world.pull(&task(&[container])).arg("--behavior").arg(behavior);
    for behavior in ["default", "always"] {
        let stranger = run(open_container("app", &image), behavior).env("TASKPULL_VERIFY_ACCESS", "never").output();
        assert_eq!((stranger.code, &*stranger.failure(0)), (3, "registry refused"), "{behavior}: {stranger:?}");
        let owner = run(container("app", &image, SECRET), behavior).output();
        assert_eq!((owner.code, &*result(&owner)), (0, "up-to-date"), "{behavior}: {owner:?}");
    }
    assert_eq!(world.engine.verified_images().len(), 2, "each pull asks the registry");
}

#[test]
fn anonymously_pulled_image_is_verified_only_when_the_setting_requires_it() {
    let world = World::new();
    let open = task(&[open_container("app", IMAGE)]);
    assert_eq!(world.pull(&open).output().code, 0);
    let run = || world.pull(&open).arg("--behavior").arg("once");
    assert_eq!(run().output().container(0)["verified"], false);
    assert_eq!(run().env("TASKPULL_VERIFY_ACCESS", "always").output().container(0)["verified"], true);
    assert_eq!(world.engine.verified_images().len(), 1);
}

#[test]
fn podman_verifies_access_by_pulling_the_image_by_digest() {
    let mut world = World::new();
    world.engine = FakeEngine::podman();
    world.engine.script(IMAGE, PullScript::success().with_login("me", "swordfish"));
    assert_eq!(world.pull(&definition()).output().code, 0);
    let ended = pull(&world, "prefer-cached").output();
    assert_eq!((&*result(&ended), &ended.container(0)["verified"]), ("cached", &json!(true)), "{ended:?}");
    let last = world.engine.pulls().pop().unwrap().image;
    assert!(last.contains("@sha256:"), "{last}");
}

#[test]
fn truncated_podman_stream_does_not_count_as_a_verification() {
    let mut world = World::new();
    world.engine = FakeEngine::podman();
    world.engine.script(IMAGE, PullScript::success());
    let ended = world.pull(&definition()).output();
    let digest = ended.container(0)["digest"].as_str().unwrap().to_owned();
    let by_digest = format!("{}@{digest}", IMAGE.rsplit_once(':').unwrap().0);
    // A Podman that shuts down during a pull ends its answer without an error.
    for cut in
        [PullScript::stream(), PullScript::stream().line(&json!({ "status": "Already exists", "id": "0123456789ab" }))]
    {
        world.engine.script_once(&by_digest, cut);
        let ended = pull(&world, "prefer-cached").output();
        assert_eq!((ended.code, &*result(&ended)), (5, "failed"), "{ended:?}");
    }
}

#[test]
fn task_platform_reaches_the_engine_and_the_flag_overrides_it() {
    let world = World::new();
    let mut definition = task(&[open_container("app", IMAGE)]);
    definition["runtimePlatform"] = json!({ "cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX" });
    let ended = world.pull(&definition).output();
    assert_eq!(ended.failure(0), "platform unsupported", "the engine supports amd64 only: {ended:?}");
    let ended = world.pull(&definition).arg("--platform").arg("linux/amd64").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let requests: Vec<_> = world.engine.pulls().into_iter().map(|pull| pull.platform).collect();
    assert_eq!(requests, [Some("linux/arm64".to_owned()), Some("linux/amd64".to_owned())]);
    let ended = world.pull(&definition).arg("--platform").arg("linux arm64").output();
    assert_eq!(ended.code, 6, "{ended:?}");
}
