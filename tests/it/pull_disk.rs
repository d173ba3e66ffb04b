//! Room on the engine's disk: weighed against the manifest before or beside a pull, told
//! after one, and never the reason of a failure of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::engine::Pull;
use crate::support::fault::When;
use crate::support::gate::Gate;
use crate::support::http::{Reply, Server};
use crate::support::namespace::is_inside_network;
use crate::support::registry::{Fault, Kind, Registry};
use crate::support::run::{Ended, Run};
use crate::support::tls::Tls;
use crate::support_aws_client::SECRET;
use crate::task::{World, container, open_container, task};

/// More than any disk has.
const HUGE: u64 = 1 << 50;

/// A run that weighs every image, with this of `disk.check`.
fn weighing(world: &World, check: &str, containers: &[Value]) -> Run {
    let run = world.pull(&task(containers));
    run.env("TASKPULL_DISK_CHECK", check).env("TASKPULL_DISK_SKIP_CHECK_ABOVE", "1000000TiB")
}

/// A pull of a layer that says it has so many MiB, which the gate keeps from its end.
fn fetching(mebibytes: u64, gate: &Gate) -> Pull {
    let digest = format!("sha256:{}", "5".repeat(64));
    let detail = json!({ "current": 1, "total": mebibytes << 20 });
    let layer = json!({ "status": "Downloading", "progressDetail": detail, "id": "0123456789ab" });
    let pull = Pull::stream().status("Pulling from team/app").line(&layer).hold(gate);
    pull.status(&format!("Digest: {digest}")).lands(&digest)
}

fn infos(world: &World) -> usize {
    world.engine.requests().iter().filter(|request| request.ends_with("/info")).count()
}

/// Reads what a run says until it says this, and gives that line.
fn until(running: &mut Child, said: &str) -> String {
    let lines = BufReader::new(running.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut all = Vec::new();
    for line in lines {
        if line.contains(said) {
            return line;
        }
        all.push(line);
    }
    panic!("it never said {said:?}: {all:?}");
}

fn free(path: &Path) -> u64 {
    let found = rustix::fs::statvfs(path).unwrap();
    found.f_bavail * found.f_frsize
}

#[test]
fn an_image_without_room_is_pulled_with_a_warning() {
    let (world, registry, gate) = (World::new(), Registry::start(), Gate::closed());
    let root = world.engine.show_disk();
    let image = registry.announce("team/app:1", &[HUGE, 1 << 20]).reference;
    world.engine.image(&image, fetching(64, &gate));
    let mut running = weighing(&world, "warn", &[open_container("app", &image)]).start();
    let line = until(&mut running, "warning: ");
    let said = format!("image {image}: it needs about 3.0 PiB (3 times its layers), and {} has ", root.display());
    assert!(line.starts_with(&format!("warning: {said}")) && line.ends_with(" free"), "{line}");
    gate.open();
    let ended = Ended::of(running);
    assert_eq!((ended.code, &ended.container(0)["result"]), (0, &json!("pulled")), "{ended:?}");
    assert!(ended.container(0)["warnings"][0].as_str().unwrap().starts_with(&said), "{ended:?}");
    assert_eq!(registry.requests().len(), 1, "{:?}", registry.requests());
}

#[test]
fn an_image_without_room_is_refused_before_its_pull_if_the_operator_wants_it_so() {
    let (world, registry) = (World::new(), Registry::start());
    let root = world.engine.show_disk();
    let image = registry.announce("team/app:1", &[HUGE]).reference;
    let ended = weighing(&world, "refuse", &[open_container("app", &image)]).end();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "disk disk-full"), "{ended:?}");
    let failure = &ended.container(0)["failure"];
    let message = failure["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("image {image}: it needs about 3.0 PiB")), "{message}");
    assert!(message.contains(&format!("{} has ", root.display())), "{message}");
    let hint = failure["hint"].as_str().unwrap();
    assert!(hint.contains("`docker system df`") && hint.contains("deletes nothing"), "{hint}");
    assert!(world.engine.pulls().is_empty());
    let deleted = world.engine.requests().into_iter().find(|request| request.starts_with("DELETE"));
    assert_eq!(deleted, None);
}

#[test]
fn comfortable_room_costs_no_registry_a_request() {
    let (world, registry) = (World::new(), Registry::start());
    world.engine.show_disk();
    let image = registry.announce("team/app:1", &[HUGE]).reference;
    for check in ["warn", "refuse"] {
        let ended =
            weighing(&world, check, &[open_container("app", &image)]).env("TASKPULL_DISK_SKIP_CHECK_ABOVE", "1").end();
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(infos(&world) <= 2, "{:?}", world.engine.requests());
    }
    assert_eq!(registry.requests(), []);
}

#[test]
fn a_check_that_is_off_and_an_image_that_is_up_to_date_ask_nobody() {
    let (world, registry) = (World::new(), Registry::start());
    world.engine.show_disk();
    let image = registry.announce("team/app:1", &[HUGE]).reference;
    let app = [open_container("app", &image)];
    assert_eq!(weighing(&world, "off", &app).end().code, 0);
    assert_eq!(weighing(&world, "refuse", &app).env("TASKPULL_DISK_SKIP_CHECK_ABOVE", "0").end().code, 0);
    let ended = weighing(&world, "warn", &app).end();
    assert_eq!(ended.container(0)["result"], "up-to-date", "{ended:?}");
    assert_eq!((infos(&world), registry.requests()), (0, vec![]));
}

#[test]
fn a_small_image_is_not_weighed_beside_its_pull() {
    let (world, registry, gate) = (World::new(), Registry::start(), Gate::closed());
    world.engine.show_disk();
    let image = registry.announce("team/app:1", &[HUGE]).reference;
    world.engine.image(&image, fetching(63, &gate));
    let running = weighing(&world, "warn", &[open_container("app", &image)]).start();
    crate::task::wait_for(&gate, 1);
    gate.open();
    let ended = Ended::of(running);
    assert_eq!((ended.code, infos(&world), registry.requests()), (0, 0, vec![]), "{ended:?}");
}

#[test]
fn an_image_that_is_here_needs_no_room() {
    let (world, registry) = (World::new(), Registry::start());
    world.engine.show_disk();
    let image = registry.announce("team/app:1", &[HUGE]);
    world.engine.image(&image.reference, Pull::success().lands(&image.digest));
    let app = [open_container("app", &image.reference)];
    assert_eq!(weighing(&world, "off", &app).end().code, 0);
    let ended = weighing(&world, "refuse", &app).end();
    assert_eq!(ended.container(0)["result"], "up-to-date", "{ended:?}");
}

#[test]
fn two_pulls_at_once_need_room_for_both() {
    let (world, registry, gate) = (World::new(), Registry::start(), Gate::closed());
    let each = free(&world.engine.show_disk()) / 5;
    let images = [1, 2].map(|n| registry.announce(&format!("team/app:{n}"), &[each + n]).reference);
    for image in &images {
        world.engine.image(image, Pull::success().hold(&gate));
    }
    let containers = images.each_ref().map(|image| open_container("app", image));
    let mut running = weighing(&world, "refuse", &containers).start();
    until(&mut running, ": failed");
    gate.open();
    let ended = Ended::of(running);
    assert_eq!((ended.code, world.engine.pulls().len()), (3, 1), "{ended:?}");
    assert!(ended.stdout.contains(", those pulled at the same time "), "{ended:?}");

    // One after the other, both fit.
    let world = World::new();
    world.engine.show_disk();
    let ended = weighing(&world, "refuse", &containers).env("TASKPULL_CONCURRENCY", "1").end();
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn a_disk_that_fills_within_a_pull_is_accounted_for_and_not_tried_again() {
    for check in ["warn", "refuse", "off"] {
        let (world, registry) = (World::new(), Registry::start());
        let root = world.engine.show_disk();
        let image = registry.announce("team/app:1", &[1 << 20]).reference;
        let words = "write /data/tmp/GetImageBlob1: no space left on device";
        world.engine.image(&image, Pull::stream().status("Pulling from team/app").error(words));
        let ended = weighing(&world, check, &[open_container("app", &image)]).end();
        assert_eq!((ended.code, &*ended.failure(0)), (3, "disk disk-full"), "{ended:?}");
        let container = ended.container(0);
        assert_eq!((&container["attempts"], &container["failure"]["causedBy"]), (&json!(1), &json!([words])));
        let message = container["failure"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("image {image}: no space was left while it was pulled; ")), "{message}");
        assert!(message.contains(&format!("{} has ", root.display())) && message.contains(" free"), "{message}");
        assert_eq!(message.contains("it needs about 3.0 MiB"), check != "off", "{message}");
    }
}

#[test]
fn a_disk_that_cannot_be_seen_is_no_failure() {
    let (world, registry) = (World::new(), Registry::start());
    let image = registry.announce("team/app:1", &[HUGE]).reference;
    let ended = weighing(&world, "refuse", &[open_container("app", &image)]).end();
    assert_eq!((ended.code, &*ended.stderr), (0, &*format!("{image}: pulling\n{image}: pulled\n")), "{ended:?}");
    assert_eq!(registry.requests(), []);
    world.engine.image(&image, Pull::stream().error("no space left on device"));
    let ended = weighing(&world, "refuse", &[open_container("app", &image)]).end();
    assert!(ended.failure(0) == "disk disk-full" && ended.stdout.contains("where the engine keeps"), "{ended:?}");
}

#[test]
fn a_private_registry_is_asked_with_the_tasks_own_login() {
    let world = World::new();
    world.engine.show_disk();
    let registry = Registry::with_login("me", "swordfish");
    let image = registry.announce("team/app:1", &[HUGE]).reference;
    let ended = weighing(&world, "refuse", &[container("app", &image, SECRET)]).end();
    assert_eq!(ended.failure(0), "disk disk-full", "{ended:?}");
    let asked: Vec<_> = registry.requests().into_iter().map(|request| (request.user, request.status)).collect();
    assert_eq!(asked, [(None, 401), (Some("me".to_owned()), 200)]);
}

#[test]
fn a_registry_elsewhere_is_asked_with_tls_and_trusted_as_the_system_trusts_it() {
    let name = "pull_disk::a_registry_elsewhere_is_asked_with_tls_and_trusted_as_the_system_trusts_it";
    if !is_inside_network(name, &["10.9.8.7"]) {
        return;
    }
    let world = World::new();
    world.engine.show_disk();
    let registry = Registry::with_login("me", "swordfish");
    registry.announce("team/app:1", &[HUGE]);
    let port = registry.host().rsplit_once(':').unwrap().1.parse().unwrap();
    let tls = Tls::at("10.9.8.7", port);
    let image = format!("10.9.8.7:{}/team/app:1", tls.port());
    let app = [container("app", &image, SECRET)];
    let ended = weighing(&world, "refuse", &app).end();
    assert_eq!((ended.code, registry.requests().len()), (0, 0), "a stranger gets nothing: {ended:?}");
    let ended = weighing(&world, "refuse", &app).env("SSL_CERT_FILE", tls.bundle()).end();
    assert_eq!((&*ended.failure(0), registry.requests().len()), ("disk disk-full", 2), "{ended:?}");
}

#[test]
fn a_refused_login_is_the_pulls_to_report() {
    let world = World::new();
    world.engine.show_disk();
    let registry = Registry::with_login("me", "another");
    let image = registry.announce("team/app:1", &[HUGE]).reference;
    world.engine.image(&image, Pull::success().requiring("me", "another"));
    for (check, asked) in [("warn", 0), ("refuse", 2)] {
        let before = registry.requests().len();
        let ended = weighing(&world, check, &[container("app", &image, SECRET)]).end();
        assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
        assert_eq!(registry.requests().len() - before, asked, "{check}");
    }
}

/// A registry of images for several platforms, whose token service takes `me:swordfish`.
fn with_tokens() -> Server {
    let (index, amd) = ("sha256:aa", "sha256:bb");
    Server::on_loopback(move |request| {
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
            other => panic!("{other} was asked for"),
        }
    })
}

#[test]
fn a_token_and_an_index_are_followed_to_the_engines_platform() {
    let world = World::new();
    world.engine.show_disk();
    let registry = with_tokens();
    let image = format!("127.0.0.1:{}/team/app:1", registry.port());
    let ended = weighing(&world, "refuse", &[container("app", &image, SECRET)]).env("RUST_LOG", "trace").end();
    assert_eq!(ended.failure(0), "disk disk-full", "{ended:?}");
    assert!(ended.stdout.contains("it needs about 3.0 PiB"), "{ended:?}");
    let said = format!("{ended:?}");
    assert!(!said.contains("t0ken") && !said.contains("swordfish"), "{said}");
}

#[test]
fn a_registry_that_cannot_be_understood_is_no_failure() {
    let world = World::new();
    world.engine.show_disk();
    for (status, header, value, body) in [
        (500, "x", String::new(), "no".to_owned()),
        (404, "x", String::new(), String::new()),
        (200, "x", String::new(), "no".to_owned()),
        (200, "x", String::new(), format!("{{\"layers\": []{}}}", " ".repeat(5 << 20))),
        (401, "www-authenticate", "Digest realm=\"x\"".to_owned(), String::new()),
        // Nobody's password goes there in clear.
        (401, "www-authenticate", "Bearer realm=\"http://registry.example/token\"".to_owned(), String::new()),
        (401, "www-authenticate", "Bearer realm=\"file:///etc/passwd\"".to_owned(), String::new()),
    ] {
        let told = value.clone();
        let registry = Server::on_loopback(move |_| Reply::new(status, body.clone()).header(header, told.clone()));
        let image = format!("127.0.0.1:{}/team/app:1", registry.port());
        let ended = weighing(&world, "refuse", &[container("app", &image, SECRET)]).end();
        assert_eq!(ended.code, 0, "{status} {value}: {ended:?}");
    }
}

#[test]
fn a_login_goes_nowhere_with_a_redirect() {
    let world = World::new();
    world.engine.show_disk();
    let followed = Arc::new(AtomicBool::new(false));
    let seen = followed.clone();
    let elsewhere = Server::on_loopback(move |_| {
        seen.store(true, Ordering::Relaxed);
        Reply::new(200, "")
    });
    let to = format!("http://127.0.0.1:{}/v2/team/app/manifests/1", elsewhere.port());
    let registry = Server::on_loopback(move |request| match request.header("authorization") {
        None => Reply::new(401, "").header("www-authenticate", "Basic realm=\"r\""),
        Some(_) => Reply::new(307, "").header("location", to.clone()),
    });
    let image = format!("127.0.0.1:{}/team/app:1", registry.port());
    let ended = weighing(&world, "refuse", &[container("app", &image, SECRET)]).env("RUST_LOG", "debug").end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("it answered 307"), "{ended:?}");
    assert!(!followed.load(Ordering::Relaxed));
}

#[test]
fn a_registry_that_does_not_answer_holds_a_pull_up_no_longer_than_an_engine_may() {
    let (world, registry) = (World::new(), Registry::start());
    world.engine.show_disk();
    let image = registry.announce("team/app:1", &[HUGE]).reference;
    registry.fault(Kind::Manifest, When::Every, Fault::Hang);
    let run = weighing(&world, "refuse", &[open_container("app", &image)]);
    let began = Instant::now();
    let ended = run.env("TASKPULL_ENGINE_TIMEOUT", "1s").end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "the default is ten seconds: {:?}", began.elapsed());
}
