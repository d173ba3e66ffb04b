//! Registries whose TLS is not what the engine expects.

use crate::lab::{Engine, Lab, task};
use crate::support::dockerd::Dockerd;
use crate::support::namespace::is_inside_network;
use crate::support::registry::Registry;
use crate::support::tls::Tls;

/// Docker takes any certificate, and plain HTTP too, from what is on loopback.
const ELSEWHERE: &str = "198.51.100.7";

fn assert_unsupported(lab: &Lab, host: &str, said: &str) {
    let image = format!("{host}/team/app:1");
    let ended = lab.pull(&task(&[("app", &image, None)])).end();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry unsupported"), "{ended:?}");
    assert_eq!(ended.container(0)["attempts"], 1, "asking again does not help: {ended:?}");
    assert!(ended.stdout.contains(said), "{ended:?}");
    assert!(!lab.has(&image));
}

fn assert_untrusted_certificate(lab: &Lab, address: &str) {
    let registry = Registry::start();
    let port = registry.host().rsplit_once(':').unwrap().1.parse().unwrap();
    let tls = Tls::at(address, port);
    let endpoint = tls.endpoint();
    let (_, port) = endpoint.rsplit_once(':').unwrap();
    assert_unsupported(lab, &format!("{address}:{port}"), "certificate");
}

#[test]
fn untrusted_registry_certificate_is_reported_on_docker() {
    if is_inside_network("registry_tls::untrusted_registry_certificate_is_reported_on_docker", &[ELSEWHERE]) {
        let engine = Dockerd::start(&[]);
        assert_untrusted_certificate(&Lab::with_docker_at(&engine.host()), ELSEWHERE);
    }
}

#[test]
fn untrusted_registry_certificate_is_reported_on_podman() {
    assert_untrusted_certificate(&Lab::with(Engine::Podman), "127.0.0.3");
}

#[test]
fn plain_http_registry_is_reported_on_docker() {
    if is_inside_network("registry_tls::plain_http_registry_is_reported_on_docker", &[ELSEWHERE]) {
        let engine = Dockerd::start(&[]);
        let server = plain(ELSEWHERE);
        let host = format!("{ELSEWHERE}:{}", server.port());
        assert_unsupported(&Lab::with_docker_at(&engine.host()), &host, "plain HTTP");
    }
}

#[test]
fn plain_http_registry_is_reported_on_podman() {
    let server = plain("127.0.0.3");
    assert_unsupported(&Lab::with(Engine::Podman), &format!("127.0.0.3:{}", server.port()), "plain HTTP");
}

fn plain(address: &str) -> crate::support::http::Server {
    use crate::support::http::{Reply, Server};
    Server::at(&format!("{address}:0"), |_| Reply::new(200, "{}"))
}
