//! TLS to the engine: trusted authorities, client certificates, and each kind of failure.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::engine::{Ending, Pull};
use crate::support::http::{Reply, Server};
use crate::support::pki::{Clients, Pki};
use crate::support::run::{Ended, Run};
use crate::support::tls::{Backend, TlsEnd};
use crate::support_aws_client::SECRET;
use crate::task::{IMAGE, World, container, open_container, task};

/// An engine behind TLS, and the client's folder of certificates.
struct TlsEngine {
    world: World,
    pki: Pki,
    tls: TlsEnd,
    folder: TempDir,
}

impl TlsEngine {
    fn new(subject: &str, days: i32, clients: Clients) -> Self {
        let (world, pki) = (World::new(), Pki::new());
        let backend = Backend::Socket(world.engine.socket());
        let tls = TlsEnd::before(backend, pki.server(subject, days, clients));
        let folder = tempfile::tempdir().unwrap();
        fs::copy(pki.ca(), folder.path().join("ca.pem")).unwrap();
        Self { world, pki, tls, folder }
    }

    fn valid(clients: Clients) -> Self {
        Self::new("IP:127.0.0.1", 2, clients)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pull(&self) -> Run {
        self.set(self.world.pull(&task(&[open_container("app", IMAGE)])))
    }

    fn set(&self, run: Run) -> Run {
        let run = run.env("DOCKER_HOST", self.tls.host());
        run.env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", self.folder.path())
    }

    fn assert_unreachable(&self, ended: &Ended, message: &str) {
        assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{message}: {ended:?}");
        assert!(ended.stdout.contains(message), "{message}: {ended:?}");
        assert_eq!(self.world.engine.requests(), [] as [&str; 0]);
    }
}

#[test]
fn pull_through_tls_sends_its_login() {
    let tls_engine = TlsEngine::valid(Clients::All);
    let ended = tls_engine.set(tls_engine.world.pull(&task(&[container("app", IMAGE, SECRET)]))).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(tls_engine.world.engine.pulls()[0].auth.is("me", "swordfish"));
    assert_eq!(tls_engine.world.engine.pulls()[0].api_version.as_deref(), Some("1.41"));
    assert!(!ended.stderr.contains("in clear"), "{ended:?}");
}

#[test]
fn abandoned_pull_is_cancelled_on_an_engine_behind_tls() {
    let tls_engine = TlsEngine::valid(Clients::All);
    let other = "registry.example:5000/team/other:v1";
    let engine = &tls_engine.world.engine;
    engine.image(IMAGE, Pull::stream().status("Pulling from team/app").hang());
    let slow = (0..20).fold(Pull::stream(), |pull, _| pull.status("so far").pause(Duration::from_millis(300)));
    engine.image(other, slow);
    let definition = task(&[open_container("app", IMAGE), open_container("other", other)]);
    let run = tls_engine.set(tls_engine.world.pull(&definition)).env("TASKPULL_IDLE_TIMEOUT", "1s");
    let mut running = run.env("TASKPULL_ATTEMPTS", "1").start();
    let is_cancelled = || engine.pulls().iter().any(|pull| pull.image == IMAGE && pull.ending == Some(Ending::Broken));
    let is_cancelled_in_time = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        is_cancelled()
    });
    assert!(
        is_cancelled_in_time && running.try_wait().unwrap().is_none(),
        "the pull is cancelled while the other one is running"
    );
    running.kill().unwrap();
    running.wait().unwrap();
}

#[test]
fn client_certificate_is_sent_to_an_engine_that_requires_one() {
    let tls_engine = TlsEngine::valid(Clients::Known);
    tls_engine.pki.client(tls_engine.folder.path());
    assert_eq!(tls_engine.pull().end().code, 0);
    let stranger = Pki::new();
    stranger.client(tls_engine.folder.path());
    fs::copy(tls_engine.pki.ca(), tls_engine.file("ca.pem")).unwrap();
    let request_count = tls_engine.world.engine.requests().len();
    let ended = tls_engine.pull().end();
    assert!(ended.stdout.contains("it does not take the client certificate"), "{ended:?}");
    assert_eq!(tls_engine.world.engine.requests().len(), request_count);
}

#[test]
fn missing_client_certificate_is_reported() {
    let tls_engine = TlsEngine::valid(Clients::Known);
    tls_engine.assert_unreachable(&tls_engine.pull().end(), "it wants a client certificate, and there is none");
}

#[test]
fn certificate_of_an_unknown_authority_is_not_trusted() {
    let tls_engine = TlsEngine::valid(Clients::All);
    fs::copy(Pki::new().ca(), tls_engine.file("ca.pem")).unwrap();
    tls_engine.assert_unreachable(&tls_engine.pull().end(), "its certificate is not trusted");
}

#[test]
fn certificate_for_another_name_is_reported() {
    let tls_engine = TlsEngine::new("DNS:engine.example", 2, Clients::All);
    tls_engine.assert_unreachable(&tls_engine.pull().end(), "its certificate is for another name");
}

#[test]
fn expired_certificate_is_reported() {
    let tls_engine = TlsEngine::new("IP:127.0.0.1", -1, Clients::All);
    tls_engine.assert_unreachable(&tls_engine.pull().end(), "its certificate is not valid now");
}

#[test]
fn engine_without_tls_is_reported() {
    let tls_engine = TlsEngine::valid(Clients::All);
    let plain = Server::on_loopback(|_| Reply::new(400, "Bad Request"));
    let ended = tls_engine.pull().env("DOCKER_HOST", format!("tcp://127.0.0.1:{}", plain.port())).end();
    tls_engine.assert_unreachable(&ended, "it does not speak TLS");
}

#[test]
fn plain_http_to_a_tls_engine_suggests_docker_tls_verify() {
    let world = World::new();
    let message = "Client sent an HTTP request to an HTTPS server.\n";
    let server = Server::on_loopback(move |_| Reply::new(400, message));
    let run = world.pull(&task(&[open_container("app", IMAGE)]));
    let ended = run.env("DOCKER_HOST", format!("tcp://127.0.0.1:{}", server.port())).end();
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
    assert!(ended.stdout.contains("it wants TLS") && ended.stdout.contains("DOCKER_TLS_VERIFY=1"), "{ended:?}");
}

#[test]
fn unusable_certificate_file_is_named_before_any_request() {
    let cases: [(&str, &str, &str); 6] = [
        ("ca.pem", "", "has no certificate in it"),
        ("ca.pem", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n", "cannot be used"),
        ("cert.pem", "no PEM", "has no certificate in it"),
        (
            "key.pem",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\naGVsbG8=\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "has no private key in it, or one with a passphrase",
        ),
        ("key.pem", "remove", "key.pem is not"),
        ("ca.pem", "remove", "cannot be read"),
    ];
    let tls_engine = TlsEngine::valid(Clients::All);
    for (file, content, message) in cases {
        tls_engine.pki.client(tls_engine.folder.path());
        let path = tls_engine.file(file);
        if content == "remove" {
            fs::remove_file(&path).unwrap();
        } else {
            fs::write(&path, content).unwrap();
        }
        let ended = tls_engine.pull().end();
        assert_eq!(ended.code, 6, "{file}: {ended:?}");
        assert!(ended.stderr.contains(&*path.to_string_lossy()) && ended.stderr.contains(message), "{file}: {ended:?}");
    }
    tls_engine.pki.client(tls_engine.folder.path());
    let other = tempfile::tempdir().unwrap();
    Pki::new().client(other.path());
    fs::copy(other.path().join("key.pem"), tls_engine.file("key.pem")).unwrap();
    let ended = tls_engine.pull().end();
    assert!(ended.code == 6 && ended.stderr.contains("cannot be used together"), "{ended:?}");
    assert_eq!(tls_engine.world.engine.requests(), [] as [&str; 0]);
}

#[test]
fn certificates_default_to_the_folder_of_dockers_cli() {
    let tls_engine = TlsEngine::valid(Clients::All);
    let run = || tls_engine.pull().env("DOCKER_CERT_PATH", "");
    assert_eq!(run().env("DOCKER_CONFIG", tls_engine.folder.path()).end().code, 0);
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".docker")).unwrap();
    fs::copy(tls_engine.pki.ca(), home.path().join(".docker/ca.pem")).unwrap();
    assert_eq!(run().env("HOME", home.path()).end().code, 0);
    let ended = run().end();
    assert!(ended.code == 6 && ended.stderr.contains("DOCKER_CONFIG and HOME are unset"), "{ended:?}");
}

#[test]
fn tls_without_verification_is_rejected() {
    let tls_engine = TlsEngine::valid(Clients::All);
    let ended = tls_engine.pull().env("DOCKER_TLS_VERIFY", "").env("DOCKER_TLS", "1").end();
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains("DOCKER_TLS asks for TLS without verification"), "{ended:?}");
    assert_eq!(tls_engine.pull().env("DOCKER_TLS", "1").end().code, 0, "DOCKER_TLS_VERIFY is set as well");
    assert_eq!(
        tls_engine.pull().env("DOCKER_TLS_VERIFY", "0").end().code,
        0,
        "any value enables verification, as in Docker's CLI"
    );
}

#[test]
fn unix_socket_ignores_the_tls_variables() {
    let world = World::new();
    let run = world.pull(&task(&[open_container("app", IMAGE)]));
    let ended = run.env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", "/nonexistent").end();
    assert_eq!(ended.code, 0, "{ended:?}");
}
