//! The check of the engine's disk space: it compares the manifest with the free space before or
//! during a pull, explains a full disk afterwards, and never causes a failure by itself.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::engine::PullScript;
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::http::{HttpServer, Reply};
use crate::support::names::SECRET;
use crate::support::namespace::enter_network;
use crate::support::registry::FakeRegistry;
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::run::{Run, RunOutput};
use crate::support::tls::SelfSignedTls;
use crate::support::world::{World, container, open_container, task};

/// A layer size in bytes that no disk can store.
const HUGE: u64 = 1 << 50;

/// Returns a run with this `disk.check` that checks every image, however much space is free.
fn run_with_check(world: &World, check: &str, containers: &[Value]) -> Run {
    let run = world.pull(&task(containers));
    run.env("TASKPULL_DISK_CHECK", check).env("TASKPULL_DISK_SKIP_CHECK_ABOVE", "1000000TiB")
}

/// Returns a pull that announces a layer of this size and waits at the gate before it ends.
fn partial_download(mebibytes: u64, gate: &Gate) -> PullScript {
    let digest = format!("sha256:{}", "5".repeat(64));
    let detail = json!({ "current": 1, "total": mebibytes << 20 });
    let layer = json!({ "status": "Downloading", "progressDetail": detail, "id": "0123456789ab" });
    let pull = PullScript::stream().status("Pulling from team/app").line(&layer).hold(gate);
    pull.status(&format!("Digest: {digest}")).with_local_digest(&digest)
}

/// Returns how often the engine was asked for its data root.
fn info_requests(world: &World) -> usize {
    world.engine.requests().iter().filter(|request| request.ends_with("/info")).count()
}

/// Reads the stderr of a run until a line contains this text, and returns that line.
fn wait_for_line(running: &mut Child, text: &str) -> String {
    let lines = BufReader::new(running.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut lines_read = Vec::new();
    for line in lines {
        if line.contains(text) {
            return line;
        }
        lines_read.push(line);
    }
    panic!("no line contains {text:?}: {lines_read:?}");
}

fn free_bytes(path: &Path) -> u64 {
    let stats = rustix::fs::statvfs(path).unwrap();
    stats.f_bavail * stats.f_frsize
}

#[test]
fn pull_warns_when_the_disk_is_too_small() {
    let (world, registry, gate) = (World::new(), FakeRegistry::start(), Gate::closed());
    let root = world.engine.show_disk();
    let image = registry.push_without_layers("team/app:1", &[HUGE, 1 << 20]).reference;
    world.engine.script(&image, partial_download(64, &gate));
    let mut running = run_with_check(&world, "warn", &[open_container("app", &image)]).start();
    let line = wait_for_line(&mut running, "warning: ");
    let message = format!("image {image}: not enough disk space: about 3.0 PiB needed (3 times its layers), ");
    let end = format!(" free in {} [low-disk-space]", root.display());
    assert!(line.starts_with(&format!("warning: {message}")) && line.ends_with(&end), "{line}");
    gate.open();
    let ended = RunOutput::wait_for(running);
    assert_eq!((ended.code, &ended.container(0)["result"]), (0, &json!("pulled")), "{ended:?}");
    assert!(ended.container(0)["warnings"][0].as_str().unwrap().starts_with(&message), "{ended:?}");
    let warning = &ended.report()["warnings"][0];
    assert_eq!((&warning["id"], &warning["image"]), (&json!("low-disk-space"), &json!(image)));
    assert!(warning["message"].as_str().unwrap().starts_with(&message), "{ended:?}");
    assert_eq!(registry.requests().len(), 1, "{:?}", registry.requests());
}

#[test]
fn too_large_image_is_refused_before_its_pull_in_refuse_mode() {
    let (world, registry) = (World::new(), FakeRegistry::start());
    let root = world.engine.show_disk();
    let image = registry.push_without_layers("team/app:1", &[HUGE]).reference;
    let ended = run_with_check(&world, "refuse", &[open_container("app", &image)]).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "disk disk-full"), "{ended:?}");
    let failure = &ended.container(0)["failure"];
    let message = failure["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("image {image}: not enough disk space: about 3.0 PiB needed")), "{message}");
    assert!(message.ends_with(&format!(" free in {}", root.display())), "{message}");
    let hint = failure["hint"].as_str().unwrap();
    assert!(hint.contains("`docker system df`") && hint.contains("deletes nothing"), "{hint}");
    assert!(world.engine.pulls().is_empty());
    let deleted = world.engine.requests().into_iter().find(|request| request.starts_with("DELETE"));
    assert_eq!(deleted, None);
}

#[test]
fn ample_disk_space_avoids_the_registry_request() {
    let (world, registry) = (World::new(), FakeRegistry::start());
    world.engine.show_disk();
    let image = registry.push_without_layers("team/app:1", &[HUGE]).reference;
    for check in ["warn", "refuse"] {
        let ended = run_with_check(&world, check, &[open_container("app", &image)])
            .env("TASKPULL_DISK_SKIP_CHECK_ABOVE", "1")
            .output();
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(info_requests(&world) <= 2, "{:?}", world.engine.requests());
    }
    assert_eq!(registry.requests(), []);
}

#[test]
fn disabled_check_and_up_to_date_image_make_no_disk_requests() {
    let (world, registry) = (World::new(), FakeRegistry::start());
    world.engine.show_disk();
    let image = registry.push_without_layers("team/app:1", &[HUGE]).reference;
    let app = [open_container("app", &image)];
    assert_eq!(run_with_check(&world, "off", &app).output().code, 0);
    assert_eq!(run_with_check(&world, "refuse", &app).env("TASKPULL_DISK_SKIP_CHECK_ABOVE", "0").output().code, 0);
    let ended = run_with_check(&world, "warn", &app).output();
    assert_eq!(ended.container(0)["result"], "up-to-date", "{ended:?}");
    assert_eq!((info_requests(&world), registry.requests()), (0, vec![]));
}

#[test]
fn small_image_is_not_checked_during_its_pull() {
    let (world, registry, gate) = (World::new(), FakeRegistry::start(), Gate::closed());
    world.engine.show_disk();
    let image = registry.push_without_layers("team/app:1", &[HUGE]).reference;
    world.engine.script(&image, partial_download(63, &gate));
    let running = run_with_check(&world, "warn", &[open_container("app", &image)]).start();
    gate.block_until_arrivals(1);
    gate.open();
    let ended = RunOutput::wait_for(running);
    assert_eq!((ended.code, info_requests(&world), registry.requests()), (0, 0, vec![]), "{ended:?}");
}

#[test]
fn cached_image_needs_no_disk_space() {
    let (world, registry) = (World::new(), FakeRegistry::start());
    world.engine.show_disk();
    let image = registry.push_without_layers("team/app:1", &[HUGE]);
    world.engine.script(&image.reference, PullScript::success().with_local_digest(&image.digest));
    let app = [open_container("app", &image.reference)];
    assert_eq!(run_with_check(&world, "off", &app).output().code, 0);
    let ended = run_with_check(&world, "refuse", &app).output();
    assert_eq!(ended.container(0)["result"], "up-to-date", "{ended:?}");
}

#[test]
fn concurrent_pulls_need_disk_space_for_both_images() {
    let (world, registry, gate) = (World::new(), FakeRegistry::start(), Gate::closed());
    let each = free_bytes(&world.engine.show_disk()) / 5;
    let images = [1, 2].map(|n| registry.push_without_layers(&format!("team/app:{n}"), &[each + n]).reference);
    for image in &images {
        world.engine.script(image, PullScript::success().hold(&gate));
    }
    let containers = images.each_ref().map(|image| open_container("app", image));
    let mut running = run_with_check(&world, "refuse", &containers).start();
    wait_for_line(&mut running, ": failed");
    gate.open();
    let ended = RunOutput::wait_for(running);
    assert_eq!((ended.code, world.engine.pulls().len()), (3, 1), "{ended:?}");
    assert!(ended.stdout.contains(" reserved for concurrent pulls, "), "{ended:?}");

    // Without concurrency, both images fit.
    let world = World::new();
    world.engine.show_disk();
    let ended = run_with_check(&world, "refuse", &containers).env("TASKPULL_CONCURRENCY", "1").output();
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn full_disk_during_a_pull_is_reported_and_not_retried() {
    for check in ["warn", "refuse", "off"] {
        let (world, registry) = (World::new(), FakeRegistry::start());
        let root = world.engine.show_disk();
        let image = registry.push_without_layers("team/app:1", &[1 << 20]).reference;
        let words = "write /data/tmp/GetImageBlob1: no space left on device";
        world.engine.script(&image, PullScript::stream().status("Pulling from team/app").error(words));
        let ended = run_with_check(&world, check, &[open_container("app", &image)]).output();
        assert_eq!((ended.code, &*ended.failure(0)), (3, "disk disk-full"), "{ended:?}");
        let container = ended.container(0);
        assert_eq!((&container["attempts"], &container["failure"]["causedBy"]), (&json!(1), &json!([words])));
        let message = container["failure"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("image {image}: the disk became full during the pull: ")), "{message}");
        assert!(message.contains(&format!(" free in {} after the engine cleaned up", root.display())), "{message}");
        assert_eq!(message.contains("about 3.0 MiB needed"), check != "off", "{message}");
    }
}

#[test]
fn unreadable_disk_does_not_fail_the_pull() {
    let (world, registry) = (World::new(), FakeRegistry::start());
    let image = registry.push_without_layers("team/app:1", &[HUGE]).reference;
    let ended = run_with_check(&world, "refuse", &[open_container("app", &image)]).output();
    assert_eq!((ended.code, &*ended.stderr), (0, &*format!("{image}: pulling\n{image}: pulled\n")), "{ended:?}");
    assert_eq!(registry.requests(), []);
    world.engine.script(&image, PullScript::stream().error("no space left on device"));
    let ended = run_with_check(&world, "refuse", &[open_container("app", &image)]).output();
    assert!(ended.failure(0) == "disk disk-full" && ended.stdout.contains("engine's image storage"), "{ended:?}");
}

#[test]
fn disk_check_uses_the_tasks_login_for_a_private_registry() {
    let world = World::new();
    world.engine.show_disk();
    let registry = FakeRegistry::with_login("me", "swordfish");
    let image = registry.push_without_layers("team/app:1", &[HUGE]).reference;
    let ended = run_with_check(&world, "refuse", &[container("app", &image, SECRET)]).output();
    assert_eq!(ended.failure(0), "disk disk-full", "{ended:?}");
    let requests: Vec<_> = registry.requests().into_iter().map(|request| (request.user, request.status)).collect();
    assert_eq!(requests, [(None, 401), (Some("me".to_owned()), 200)]);
}

#[test]
fn disk_check_uses_tls_and_system_trust_for_a_remote_registry() {
    let name = "pull_disk::disk_check_uses_tls_and_system_trust_for_a_remote_registry";
    if !enter_network(name, &["10.9.8.7"]) {
        return;
    }
    let world = World::new();
    world.engine.show_disk();
    let registry = FakeRegistry::with_login("me", "swordfish");
    registry.push_without_layers("team/app:1", &[HUGE]);
    let port = registry.host().rsplit_once(':').unwrap().1.parse().unwrap();
    let tls = SelfSignedTls::start_at("10.9.8.7", port);
    let image = format!("10.9.8.7:{}/team/app:1", tls.port());
    let app = [container("app", &image, SECRET)];
    let ended = run_with_check(&world, "refuse", &app).output();
    assert_eq!((ended.code, registry.requests().len()), (0, 0), "an untrusted registry receives no request: {ended:?}");
    let ended = run_with_check(&world, "refuse", &app).env("SSL_CERT_FILE", tls.ca_bundle()).output();
    assert_eq!((&*ended.failure(0), registry.requests().len()), ("disk disk-full", 2), "{ended:?}");
}

#[test]
fn refused_login_is_reported_by_the_pull_not_the_disk_check() {
    let world = World::new();
    world.engine.show_disk();
    let registry = FakeRegistry::with_login("me", "another");
    let image = registry.push_without_layers("team/app:1", &[HUGE]).reference;
    world.engine.script(&image, PullScript::success().with_login("me", "another"));
    for (check, expected_requests) in [("warn", 0), ("refuse", 2)] {
        let before = registry.requests().len();
        let ended = run_with_check(&world, check, &[container("app", &image, SECRET)]).output();
        assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
        assert_eq!(registry.requests().len() - before, expected_requests, "{check}");
    }
}

/// Starts a registry of multi-platform images whose token service accepts `me:swordfish`.
fn registry_with_tokens() -> HttpServer {
    let (index, amd) = ("sha256:aa", "sha256:bb");
    HttpServer::on_loopback(move |request| {
        let bearer = request.header("authorization") == Some("Bearer t0ken");
        let basic = request.header("authorization") == Some("Basic bWU6c3dvcmRmaXNo");
        let host = request.header("host").unwrap().to_owned();
        match &*request.path {
            "/token" => {
                let scope = (request.parameter("service"), request.parameter("scope"));
                assert_eq!(scope, (Some("the registry"), Some("repository:team/app:pull")));
                if basic { Reply::json(200, &json!({ "token": "t0ken" })) } else { Reply::new(401, "") }
            }
            _ if !bearer => Reply::new(401, "").header(
                "www-authenticate",
                format!("Bearer realm=\"http://{host}/token\",service=\"the registry\",scope=\"repository:x:push\""),
            ),
            "/v2/team/app/manifests/1" => {
                assert!(request.header("accept").unwrap().contains("application/vnd.oci.image.index.v1+json"));
                let entry = |digest: &str, architecture: &str| json!({ "digest": digest, "size": 1, "platform": { "os": "linux", "architecture": architecture } });
                let entries = [entry("sha256:cc", "arm64"), entry(amd, "amd64")];
                Reply::json(200, &json!({ "manifests": entries })).header("docker-content-digest", index)
            }
            "/v2/team/app/manifests/sha256:bb" => {
                Reply::json(200, &json!({ "layers": [{ "digest": "sha256:dd", "size": HUGE }] }))
            }
            other => panic!("unexpected request for {other}"),
        }
    })
}

#[test]
fn disk_check_follows_token_and_index_to_the_engine_platform() {
    let world = World::new();
    world.engine.show_disk();
    let registry = registry_with_tokens();
    let image = format!("127.0.0.1:{}/team/app:1", registry.port());
    let ended = run_with_check(&world, "refuse", &[container("app", &image, SECRET)]).env("RUST_LOG", "trace").output();
    assert_eq!(ended.failure(0), "disk disk-full", "{ended:?}");
    assert!(ended.stdout.contains("about 3.0 PiB needed"), "{ended:?}");
    let output = format!("{ended:?}");
    assert!(!output.contains("t0ken") && !output.contains("swordfish"), "{output}");
}

#[test]
fn unusable_registry_answer_does_not_fail_the_pull() {
    let world = World::new();
    world.engine.show_disk();
    for (status, header, value, body) in [
        (500, "x", String::new(), "no".to_owned()),
        (404, "x", String::new(), String::new()),
        (200, "x", String::new(), "no".to_owned()),
        (200, "x", String::new(), format!("{{\"layers\": []{}}}", " ".repeat(5 << 20))),
        (401, "www-authenticate", "Digest realm=\"x\"".to_owned(), String::new()),
        // A password must not be sent over plain HTTP.
        (401, "www-authenticate", "Bearer realm=\"http://registry.example/token\"".to_owned(), String::new()),
        (401, "www-authenticate", "Bearer realm=\"file:///etc/passwd\"".to_owned(), String::new()),
    ] {
        let challenge = value.clone();
        let registry =
            HttpServer::on_loopback(move |_| Reply::new(status, body.clone()).header(header, challenge.clone()));
        let image = format!("127.0.0.1:{}/team/app:1", registry.port());
        let ended = run_with_check(&world, "refuse", &[container("app", &image, SECRET)]).output();
        assert_eq!(ended.code, 0, "{status} {value}: {ended:?}");
    }
}

#[test]
fn login_is_not_sent_to_a_redirect_target() {
    let world = World::new();
    world.engine.show_disk();
    let was_followed = Arc::new(AtomicBool::new(false));
    let seen = was_followed.clone();
    let elsewhere = HttpServer::on_loopback(move |_| {
        seen.store(true, Ordering::Relaxed);
        Reply::new(200, "")
    });
    let to = format!("http://127.0.0.1:{}/v2/team/app/manifests/1", elsewhere.port());
    let registry = HttpServer::on_loopback(move |request| match request.header("authorization") {
        None => Reply::new(401, "").header("www-authenticate", "Basic realm=\"r\""),
        Some(_) => Reply::new(307, "").header("location", to.clone()),
    });
    let image = format!("127.0.0.1:{}/team/app:1", registry.port());
    let ended = run_with_check(&world, "refuse", &[container("app", &image, SECRET)]).env("RUST_LOG", "debug").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("redirects the request to http://127.0.0.1"), "{ended:?}");
    assert!(!was_followed.load(Ordering::Relaxed));
}

#[test]
fn silent_registry_delays_the_pull_only_until_the_engine_timeout() {
    let (world, registry) = (World::new(), FakeRegistry::start());
    world.engine.show_disk();
    let image = registry.push_without_layers("team/app:1", &[HUGE]).reference;
    registry.inject_fault(RequestKind::Manifest, Calls::Every, RegistryFault::Hang);
    let run = run_with_check(&world, "refuse", &[open_container("app", &image)]);
    let began = Instant::now();
    let ended = run.env("TASKPULL_ENGINE_TIMEOUT", "1s").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "the default timeout is ten seconds: {:?}", began.elapsed());
}
