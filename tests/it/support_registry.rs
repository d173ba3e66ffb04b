//! The scripted registry of `support::registry`, used through a plain socket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::digest::sha256;
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::registry::FakeRegistry;
use crate::support::registry_fault::{RegistryFault, RequestKind};

struct Answer {
    head: String,
    body: Vec<u8>,
    /// Whether the connection ended without a reset.
    whole: bool,
}

impl Answer {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).expect("a status line")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

fn send(registry: &FakeRegistry, request: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(registry.host()).unwrap();
    let host = registry.host();
    write!(stream, "{request} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n").unwrap();
    stream
}

fn receive(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let whole = stream.read_to_end(&mut bytes).is_ok();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |end| end + 4);
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    Answer { head, body: bytes.split_off(end), whole }
}

fn ask(registry: &FakeRegistry, request: &str) -> Answer {
    receive(send(registry, request, ""))
}

fn login(user: &str, password: &str) -> String {
    format!("authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")))
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}

/// Returns the path of the first layer of the image.
fn layer_path(registry: &FakeRegistry) -> String {
    let manifest = ask(registry, "GET /v2/team/app/manifests/v1").json();
    format!("/v2/team/app/blobs/{}", manifest["layers"][0]["digest"].as_str().unwrap())
}

#[test]
fn image_is_complete_and_every_digest_matches() {
    let registry = FakeRegistry::start();
    let pushed = registry.push("team/app:v1", &[1000, 0]);
    assert_eq!(pushed.reference, format!("{}/team/app:v1", registry.host()));
    assert_eq!(ask(&registry, "GET /v2/").status(), "200");

    let manifest = ask(&registry, "GET /v2/team/app/manifests/v1");
    assert_eq!(digest(&manifest.body), pushed.digest);
    assert!(manifest.head.contains(&format!("docker-content-digest: {}", pushed.digest)));
    let by_digest = format!("GET /v2/team/app/manifests/{}", pushed.digest);
    assert_eq!(ask(&registry, &by_digest).body, manifest.body);

    let document = manifest.json();
    let layers = document["layers"].as_array().unwrap();
    for blob in layers.iter().chain([&document["config"]]) {
        let name = blob["digest"].as_str().unwrap();
        let served = ask(&registry, &format!("GET /v2/team/app/blobs/{name}")).body;
        assert_eq!(digest(&served), name);
        assert_eq!(blob["size"], served.len());
    }
    let config = document["config"]["digest"].as_str().unwrap();
    let config = ask(&registry, &format!("GET /v2/team/app/blobs/{config}")).json();
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);
    assert_eq!(registry.request_count(RequestKind::Layer), 2);
}

#[test]
fn head_request_for_a_manifest_has_length_but_no_body() {
    let registry = FakeRegistry::start();
    registry.push("team/app:v1", &[10]);
    let length = ask(&registry, "GET /v2/team/app/manifests/v1").body.len();
    let head = ask(&registry, "HEAD /v2/team/app/manifests/v1");
    assert!(head.head.contains(&format!("content-length: {length}\r\n")), "{}", head.head);
    assert!(head.body.is_empty());
}

#[test]
fn other_tag_does_not_move_with_the_first_tag() {
    let registry = FakeRegistry::start();
    let first = registry.push("team/app:1", &[10]);
    registry.tag("team/app:1", "kept");
    registry.push("team/app:1", &[10]);
    let digest_of = |tag: &str| digest(&ask(&registry, &format!("GET /v2/team/app/manifests/{tag}")).body);
    assert_eq!((digest_of("kept") == first.digest, digest_of("1") == first.digest), (true, false));
}

#[test]
fn each_missing_resource_has_its_own_error_code() {
    let registry = FakeRegistry::start();
    registry.push("team/app:v1", &[10]);
    for (path, code) in [
        ("/v2/team/app/manifests/v2", "MANIFEST_UNKNOWN"),
        ("/v2/team/other/manifests/v1", "NAME_UNKNOWN"),
        ("/v2/team/app/blobs/sha256:00", "BLOB_UNKNOWN"),
        ("/v2/_catalog", "UNSUPPORTED"),
    ] {
        let answer = ask(&registry, &format!("GET {path}"));
        assert_eq!(answer.status(), "404");
        assert_eq!(answer.json()["errors"][0]["code"], code);
    }
}

#[test]
fn every_request_needs_the_login_and_its_user_is_recorded() {
    let registry = FakeRegistry::with_login("user", "swordfish");
    registry.push("team/app:v1", &[10]);
    for path in ["/v2/", "/v2/team/app/manifests/v1", "/v2/team/app/manifests/v9"] {
        let refused = ask(&registry, &format!("GET {path}"));
        assert_eq!(refused.status(), "401");
        assert!(refused.head.contains("www-authenticate: basic realm="));
    }
    let manifest = "GET /v2/team/app/manifests/v1";
    let wrong = receive(send(&registry, manifest, &login("user", "tuna")));
    let right = receive(send(&registry, manifest, &login("user", "swordfish")));
    assert_eq!((wrong.status(), right.status()), ("401", "200"));
    let users: Vec<_> = registry.requests().into_iter().map(|request| (request.user, request.status)).collect();
    let user = Some("user".to_owned());
    assert_eq!(users[3..], [(user.clone(), 401), (user, 200)]);
}

#[test]
fn changed_login_replaces_the_old_one() {
    let registry = FakeRegistry::with_login("user", "swordfish");
    registry.change_login("user", "tuna");
    let ping = |password| receive(send(&registry, "GET /v2/", &login("user", password)));
    assert_eq!((ping("swordfish").status(), ping("tuna").status()), ("401", "200"));
}

#[test]
fn registry_without_a_password_accepts_any_for_its_user() {
    let registry = FakeRegistry::with_user("user");
    let ping = |user, password| receive(send(&registry, "GET /v2/", &login(user, password)));
    assert_eq!((ping("user", "tuna").status(), ping("other", "tuna").status()), ("200", "401"));
    assert_eq!(ask(&registry, "GET /v2/").status(), "401");
}

#[test]
fn fault_affects_only_the_selected_requests_of_its_kind() {
    let registry = FakeRegistry::start();
    registry.push("team/app:v1", &[10]);
    let too_many = RegistryFault::Response(429, None, r#"{"errors":[{"code":"TOOMANYREQUESTS"}]}"#);
    registry.inject_fault(RequestKind::Manifest, Calls::Nth(2), too_many);
    registry.inject_fault(RequestKind::Ping, Calls::Every, RegistryFault::Response(503, None, ""));
    let statuses = |path: &str| -> Vec<String> {
        (0..3).map(|_| ask(&registry, &format!("GET {path}")).status().to_owned()).collect()
    };
    assert_eq!(statuses("/v2/team/app/manifests/v1"), ["200", "429", "200"]);
    assert_eq!(statuses("/v2/"), ["503", "503", "503"]);
    let recorded: Vec<u16> = registry.requests().iter().map(|request| request.status).collect();
    assert_eq!(recorded, [200, 429, 200, 503, 503, 503]);
}

#[test]
fn truncated_layer_can_be_resumed_with_a_range_request() {
    let registry = FakeRegistry::start();
    registry.push("team/app:v1", &[100_000]);
    let path = layer_path(&registry);
    registry.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::Cut);
    let cut = ask(&registry, &format!("GET {path}"));
    assert!(!cut.whole);
    let whole = ask(&registry, &format!("GET {path}"));
    assert!(whole.whole && cut.body.len() <= whole.body.len() / 2);

    let rest = receive(send(&registry, &format!("GET {path}"), "range: bytes=1000-\r\n"));
    assert_eq!(rest.status(), "206");
    let length = whole.body.len();
    assert!(rest.head.contains(&format!("content-range: bytes 1000-{}/{length}", length - 1)));
    assert_eq!(rest.body, whole.body[1000..]);
}

#[test]
fn slow_layer_arrives_complete() {
    let registry = FakeRegistry::start();
    registry.push("team/app:v1", &[10_000]);
    let path = layer_path(&registry);
    let whole = ask(&registry, &format!("GET {path}"));
    registry.inject_fault(RequestKind::Layer, Calls::Every, RegistryFault::Drip(5, Duration::from_millis(1)));
    let dripped = ask(&registry, &format!("GET {path}"));
    assert!(dripped.whole);
    assert_eq!(dripped.body, whole.body);
}

#[test]
fn hanging_request_gets_no_answer() {
    let registry = FakeRegistry::start();
    registry.inject_fault(RequestKind::Ping, Calls::Every, RegistryFault::Hang);
    let mut stream = send(&registry, "GET /v2/", "");
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    assert!(stream.read(&mut [0]).is_err());
}

#[tokio::test]
async fn held_request_is_answered_when_the_gate_opens() {
    let registry = FakeRegistry::start();
    let gate = Gate::closed();
    registry.inject_fault(RequestKind::Ping, Calls::Every, RegistryFault::Hold(gate.clone()));
    let stream = send(&registry, "GET /v2/", "");
    gate.wait_for_arrivals(1).await;
    gate.open();
    assert_eq!(receive(stream).status(), "200");
}

#[test]
fn pushed_images_have_different_digests() {
    let registry = FakeRegistry::start();
    let digests: Vec<_> = ["a:1", "a:2", "b:1"].map(|image| registry.push(image, &[10]).digest).into();
    assert!(digests[0] != digests[1] && digests[1] != digests[2]);
}
