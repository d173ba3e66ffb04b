//! Registries whose TLS is not what the engine expects.

use crate::support::dockerd::Dockerd;
use crate::support::namespace::enter_network;
use crate::support::registry::FakeRegistry;
use crate::support::tls::SelfSignedTls;
use crate::support::world::lab::{Lab, LabEngine, task};

/// Docker takes any certificate, and plain HTTP too, from what is on loopback.
const ELSEWHERE: &str = "198.51.100.7";

fn assert_unsupported(lab: &Lab, host: &str, said: &str) {
    let image = format!("{host}/team/app:1");
    let ended = lab.pull(&task(&[("app", &image, None)])).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry unsupported"), "{ended:?}");
    assert_eq!(ended.container(0)["attempts"], 1, "asking again does not help: {ended:?}");
    assert!(ended.stdout.contains(said), "{ended:?}");
    assert!(!lab.has_image(&image));
}

fn assert_told(lab: &Lab, address: &str) {
    let registry = FakeRegistry::start();
    let port = registry.host().rsplit_once(':').unwrap().1.parse().unwrap();
    let tls = SelfSignedTls::start_at(address, port);
    let endpoint = tls.endpoint();
    let (_, port) = endpoint.rsplit_once(':').unwrap();
    assert_unsupported(lab, &format!("{address}:{port}"), "certificate");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_told_on_docker() {
    if enter_network("registry_tls::a_certificate_that_nobody_vouches_for_is_told_on_docker", &[ELSEWHERE]) {
        let engine = Dockerd::start(&[]);
        assert_told(&Lab::with_docker_at(&engine.host()), ELSEWHERE);
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_told_on_podman() {
    assert_told(&Lab::with(LabEngine::Podman), "127.0.0.3");
}

#[test]
fn plain_http_where_tls_is_expected_is_told_on_docker() {
    if enter_network("registry_tls::plain_http_where_tls_is_expected_is_told_on_docker", &[ELSEWHERE]) {
        let engine = Dockerd::start(&[]);
        let server = plain(ELSEWHERE);
        let host = format!("{ELSEWHERE}:{}", server.port());
        assert_unsupported(&Lab::with_docker_at(&engine.host()), &host, "plain HTTP");
    }
}

#[test]
fn plain_http_where_tls_is_expected_is_told_on_podman() {
    let server = plain("127.0.0.3");
    assert_unsupported(&Lab::with(LabEngine::Podman), &format!("127.0.0.3:{}", server.port()), "plain HTTP");
}

fn plain(address: &str) -> crate::support::http::HttpServer {
    use crate::support::http::{HttpServer, Reply};
    HttpServer::bind(&format!("{address}:0"), |_| Reply::new(200, "{}"))
}
