//! Engines with older and newer API versions than the one that most tests use.

use serde_json::json;

use crate::support::engine::{FakeEngine, PullScript};
use crate::support::run::Run;
use crate::support::world::{IMAGE, World, open_container, task};

fn world_with(engine: FakeEngine) -> World {
    World { engine, ..World::new() }
}

fn pull_one(world: &World) -> Run {
    world.pull(&task(&[open_container("app", IMAGE)]))
}

#[test]
fn api_version_is_negotiated_and_used_in_every_path() {
    for (offered, agreed) in [("1.41", "1.41"), ("1.48", "1.48"), ("1.99", "1.53")] {
        let world = world_with(FakeEngine::with_api(offered));
        assert_eq!(pull_one(&world).output().code, 0);
        assert_eq!(world.engine.pulls()[0].api_version.as_deref(), Some(agreed), "{:?}", world.engine.requests());
    }
}

#[test]
fn engine_older_than_docker_20_10_is_rejected() {
    let world = world_with(FakeEngine::with_api("1.40"));
    let output = pull_one(&world).output();
    assert_eq!(output.failure(0), "engine unsupported", "{output:?}");
    assert!(output.stdout.contains("20.10"));
}

#[test]
fn error_detail_without_error_is_a_failure() {
    let world = World::new();
    world.engine.script(
        IMAGE,
        PullScript::stream().line(&json!({ "errorDetail": { "message": "toomanyrequests: slow down" } })),
    );
    let output = pull_one(&world).env("TASKPULL_ATTEMPTS", "1").output();
    assert_eq!(output.failure(0), "registry throttled", "{output:?}");
}

#[test]
fn engine_whose_minimum_api_is_too_new_gets_no_pull_request() {
    let world = world_with(FakeEngine::with_apis("1.60", "1.61"));
    let output = pull_one(&world).output();
    assert_eq!(output.failure(0), "engine unsupported", "{output:?}");
    assert!(output.stdout.contains("Minimum supported API version is 1.60"), "{output:?}");
    assert!(output.stdout.contains("use a newer taskpull"), "{output:?}");
    assert_eq!(world.engine.requests(), ["GET /_ping", "GET /v1.53/_ping"]);
}

/// The containerd image store (API 1.48 and later) reports layers at once and without `Waiting`, counts seconds while
/// it unpacks, and sends no line with `progress` or `error`. The digest in the stream and in `RepoDigests` is that of
/// the index.
#[test]
fn pull_into_a_containerd_store_succeeds_with_its_digest() {
    let world = world_with(FakeEngine::with_api("1.52"));
    let digest = format!("sha256:{}", "d".repeat(64));
    let layer = |status: &str, detail: serde_json::Value| json!({ "status": status, "progressDetail": detail, "id": "b3a5c2d1e0f9" });
    let script = PullScript::stream()
        .line(&json!({ "status": "Pulling from team/app", "id": "v1" }))
        .line(&layer("Pulling fs layer", json!({})))
        .line(&layer("Downloading", json!({ "current": 1_048_576, "total": 3_145_728 })))
        .line(&layer("Download complete", json!({ "hidecounts": true })))
        .line(&layer("Extracting", json!({ "current": 1, "units": "s" })))
        .line(&layer("Pull complete", json!({ "hidecounts": true })))
        .status(&format!("Digest: {digest}"))
        .status(&format!("Status: Downloaded newer image for {IMAGE}"))
        .with_local_digest(&digest);
    world.engine.script(IMAGE, script);
    let output = pull_one(&world).output();
    assert_eq!((output.code, &output.container(0)["digest"]), (0, &digest.clone().into()), "{output:?}");
}

/// The containerd image store sends errors within the stream and without the field `error`.
#[test]
fn containerd_store_errors_map_to_the_right_link_and_class() {
    let resolve = format!("failed to resolve reference \"{IMAGE}\"");
    let head = "unexpected status from HEAD request to https://registry.example:5000/v2/team/app/manifests/v1";
    for (message, failure) in [
        (format!("{resolve}: {IMAGE}: not found"), "manifest absent"),
        (
            format!("{resolve}: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"),
            "repository refused",
        ),
        (format!("{resolve}: failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized"), "registry refused"),
        (format!("{resolve}: {head}: 401 Unauthorized"), "registry refused"),
        (format!("{resolve}: {head}: 403 Forbidden"), "repository refused"),
        (format!("{resolve}: {head}: 429 Too Many Requests"), "registry throttled"),
        (format!("{resolve}: {head}: 503 Service Unavailable"), "registry unavailable"),
        (
            format!("{resolve}: failed to do request: Head \"https://registry.example:5000/v2/team/app/manifests/v1\": dial tcp: lookup registry.example: no such host"),
            "registry unavailable",
        ),
        ("no matching manifest for linux/amd64 in the manifest list entries: no match for platform in manifest: not found".to_owned(), "platform unsupported"),
    ] {
        let world = world_with(FakeEngine::with_api("1.52"));
        world.engine.script(IMAGE, PullScript::stream().line(&json!({ "errorDetail": { "message": message } })));
        let output = pull_one(&world).env("TASKPULL_ATTEMPTS", "1").output();
        assert_eq!(output.failure(0), failure, "{message}: {output:?}");
    }
}
