//! Engines older and newer than the one that most of the tests play.

use serde_json::json;

use crate::support::engine::{FakeEngine, PullScript};
use crate::support::run::Run;
use crate::task::{IMAGE, World, open_container, task};

fn with(engine: FakeEngine) -> World {
    World { engine, ..World::new() }
}

fn pull_one(world: &World) -> Run {
    world.pull(&task(&[open_container("app", IMAGE)]))
}

#[test]
fn the_api_version_is_agreed_on_and_in_every_path() {
    for (offered, agreed) in [("1.41", "1.41"), ("1.48", "1.48"), ("1.99", "1.53")] {
        let world = with(FakeEngine::with_api(offered));
        assert_eq!(pull_one(&world).output().code, 0);
        assert_eq!(world.engine.pulls()[0].api_version.as_deref(), Some(agreed), "{:?}", world.engine.requests());
    }
}

#[test]
fn an_engine_older_than_docker_20_10_is_refused() {
    let world = with(FakeEngine::with_api("1.40"));
    let ended = pull_one(&world).output();
    assert_eq!(ended.failure(0), "engine unsupported", "{ended:?}");
    assert!(ended.stdout.contains("20.10"));
}

#[test]
fn error_detail_alone_is_enough() {
    let world = World::new();
    world.engine.script(
        IMAGE,
        PullScript::stream().line(&json!({ "errorDetail": { "message": "toomanyrequests: slow down" } })),
    );
    let ended = pull_one(&world).env("TASKPULL_ATTEMPTS", "1").output();
    assert_eq!(ended.failure(0), "registry throttled", "{ended:?}");
}

#[test]
fn an_engine_whose_oldest_api_is_newer_than_ours_is_asked_for_no_pull() {
    let world = with(FakeEngine::with_apis("1.60", "1.61"));
    let ended = pull_one(&world).output();
    assert_eq!(ended.failure(0), "engine unsupported", "{ended:?}");
    assert!(ended.stdout.contains("Minimum supported API version is 1.60"), "{ended:?}");
    assert!(ended.stdout.contains("a newer taskpull is needed"), "{ended:?}");
    assert_eq!(world.engine.requests(), ["GET /_ping", "GET /v1.53/_ping"]);
}

/// The containerd-backed store of API 1.48 and later: layers come at once and without
/// `Waiting`, unpacking counts seconds, and no line has `progress` or `error`. The digest is
/// the index's, in the stream and in `RepoDigests`.
#[test]
fn a_pull_into_a_containerd_store_is_verified() {
    let world = with(FakeEngine::with_api("1.52"));
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
    let ended = pull_one(&world).output();
    assert_eq!((ended.code, &ended.container(0)["digest"]), (0, &digest.clone().into()), "{ended:?}");
}

/// As the containerd-backed store says it, within the stream and without `error`.
#[test]
fn the_words_of_a_containerd_store_find_their_place_on_the_chain() {
    let resolve = format!("failed to resolve reference \"{IMAGE}\"");
    let head = "unexpected status from HEAD request to https://registry.example:5000/v2/team/app/manifests/v1";
    for (words, place) in [
        (format!("{resolve}: {IMAGE}: not found"), "manifest absent"),
        (
            format!("{resolve}: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"),
            "repository refused",
        ),
        (format!("{resolve}: failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized"), "registry refused"),
        (format!("{resolve}: {head}: 401 Unauthorized"), "registry refused"),
        (format!("{resolve}: {head}: 403 Forbidden"), "registry refused"),
        (format!("{resolve}: {head}: 429 Too Many Requests"), "registry throttled"),
        (format!("{resolve}: {head}: 503 Service Unavailable"), "registry unavailable"),
        (
            format!("{resolve}: failed to do request: Head \"https://registry.example:5000/v2/team/app/manifests/v1\": dial tcp: lookup registry.example: no such host"),
            "registry unavailable",
        ),
        ("no matching manifest for linux/amd64 in the manifest list entries: no match for platform in manifest: not found".to_owned(), "platform unsupported"),
    ] {
        let world = with(FakeEngine::with_api("1.52"));
        world.engine.script(IMAGE, PullScript::stream().line(&json!({ "errorDetail": { "message": words } })));
        let ended = pull_one(&world).env("TASKPULL_ATTEMPTS", "1").output();
        assert_eq!(ended.failure(0), place, "{words}: {ended:?}");
    }
}
