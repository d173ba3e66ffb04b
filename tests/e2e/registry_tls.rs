//! Registries with an untrusted certificate, or without the TLS that the engine expects.

use crate::support::dockerd::Dockerd;
use crate::support::namespace::enter_network;
use crate::support::registry::FakeRegistry;
use crate::support::tls::SelfSignedTls;
use crate::support::world::lab::{Lab, LabEngine, task};

/// An address that is not on loopback, where Docker accepts any certificate and plain HTTP.
const REMOTE: &str = "198.51.100.7";

fn assert_unsupported(lab: &Lab, host: &str, message: &str) {
    let image = format!("{host}/team/app:1");
    let ended = lab.pull(&task(&[("app", &image, None)])).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry unsupported"), "{ended:?}");
    assert_eq!(ended.container(0)["attempts"], 1, "the failure is not retried: {ended:?}");
    assert!(ended.stdout.contains(message), "{ended:?}");
    assert!(!lab.has_image(&image));
}

fn assert_untrusted_certificate(lab: &Lab, address: &str) {
    let registry = FakeRegistry::start();
    let port = registry.host().rsplit_once(':').unwrap().1.parse().unwrap();
    let tls = SelfSignedTls::start_at(address, port);
    let endpoint = tls.endpoint();
    let (_, port) = endpoint.rsplit_once(':').unwrap();
    assert_unsupported(lab, &format!("{address}:{port}"), "certificate");
}

#[test]
fn untrusted_registry_certificate_is_reported_on_docker() {
    if enter_network("registry_tls::untrusted_registry_certificate_is_reported_on_docker", &[REMOTE]) {
        let engine = Dockerd::start(&[]);
        assert_untrusted_certificate(&Lab::with_docker_at(&engine.host()), REMOTE);
    }
}

#[test]
fn untrusted_registry_certificate_is_reported_on_podman() {
    assert_untrusted_certificate(&Lab::with(LabEngine::Podman), "127.0.0.3");
}

#[test]
fn plain_http_registry_is_reported_on_docker() {
    if enter_network("registry_tls::plain_http_registry_is_reported_on_docker", &[REMOTE]) {
        let engine = Dockerd::start(&[]);
        let server = plain_http_server(REMOTE);
        let host = format!("{REMOTE}:{}", server.port());
        assert_unsupported(&Lab::with_docker_at(&engine.host()), &host, "plain HTTP");
    }
}

#[test]
fn plain_http_registry_is_reported_on_podman() {
    let server = plain_http_server("127.0.0.3");
    assert_unsupported(&Lab::with(LabEngine::Podman), &format!("127.0.0.3:{}", server.port()), "plain HTTP");
}

fn plain_http_server(address: &str) -> crate::support::http::HttpServer {
    use crate::support::http::{HttpServer, Reply};
    HttpServer::bind(&format!("{address}:0"), |_| Reply::new(200, "{}"))
}
