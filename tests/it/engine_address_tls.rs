//! TLS to the engine: trusted authorities, client certificates, and each kind of failure.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::engine::{PullEnd, PullScript};
use crate::support::http::{HttpServer, Reply};
use crate::support::names::SECRET;
use crate::support::pki::{CertificateAuthority, ClientAuth, Validity};
use crate::support::run::{Run, RunOutput};
use crate::support::tls::{Backend, TlsTerminator};
use crate::support::world::{IMAGE, World, container, open_container, task};

/// An engine behind TLS, and the client's folder of certificates.
struct TlsEngine {
    world: World,
    pki: CertificateAuthority,
    tls: TlsTerminator,
    folder: TempDir,
}

impl TlsEngine {
    fn new(name: &str, validity: Validity, client_auth: ClientAuth) -> Self {
        let (world, pki) = (World::new(), CertificateAuthority::new());
        let backend = Backend::Socket(world.engine.socket());
        let tls = TlsTerminator::start(backend, pki.server_config(name, validity, client_auth));
        let folder = tempfile::tempdir().unwrap();
        fs::copy(pki.ca_path(), folder.path().join("ca.pem")).unwrap();
        Self { world, pki, tls, folder }
    }

    fn valid(client_auth: ClientAuth) -> Self {
        Self::new("127.0.0.1", Validity::Valid, client_auth)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pull(&self) -> Run {
        self.configure(self.world.pull(&task(&[open_container("app", IMAGE)])))
    }

    fn configure(&self, run: Run) -> Run {
        let run = run.env("DOCKER_HOST", self.tls.host());
        run.env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", self.folder.path())
    }

    fn assert_unreachable(&self, output: &RunOutput, message: &str) {
        assert_eq!((output.code, &*output.failure(0)), (5, "engine engine-gone"), "{message}: {output:?}");
        assert!(output.stdout.contains(message), "{message}: {output:?}");
        assert_eq!(self.world.engine.requests(), [] as [&str; 0]);
    }
}

#[test]
fn pull_through_tls_sends_its_login() {
    let tls_engine = TlsEngine::valid(ClientAuth::None);
    let output = tls_engine.configure(tls_engine.world.pull(&task(&[container("app", IMAGE, SECRET)]))).output();
    assert_eq!(output.code, 0, "{output:?}");
    assert!(tls_engine.world.engine.pulls()[0].auth.has_login("me", "swordfish"));
    assert_eq!(tls_engine.world.engine.pulls()[0].api_version.as_deref(), Some("1.41"));
    assert!(!output.stderr.contains("in clear"), "{output:?}");
}

#[test]
fn abandoned_pull_is_cancelled_on_an_engine_behind_tls() {
    let tls_engine = TlsEngine::valid(ClientAuth::None);
    let other = "registry.example:5000/team/other:v1";
    let engine = &tls_engine.world.engine;
    engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").hang());
    let slow = (0..20).fold(PullScript::stream(), |pull, _| pull.status("so far").pause(Duration::from_millis(300)));
    engine.script(other, slow);
    let definition = task(&[open_container("app", IMAGE), open_container("other", other)]);
    let run = tls_engine.configure(tls_engine.world.pull(&definition)).env("TASKPULL_IDLE_TIMEOUT", "1s");
    let mut running = run.env("TASKPULL_ATTEMPTS", "1").start();
    let is_cancelled = || engine.pulls().iter().any(|pull| pull.image == IMAGE && pull.ending == Some(PullEnd::Broken));
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
    let tls_engine = TlsEngine::valid(ClientAuth::Required);
    tls_engine.pki.write_client_files(tls_engine.folder.path());
    assert_eq!(tls_engine.pull().output().code, 0);
    let stranger = CertificateAuthority::new();
    stranger.write_client_files(tls_engine.folder.path());
    fs::copy(tls_engine.pki.ca_path(), tls_engine.file("ca.pem")).unwrap();
    let request_count = tls_engine.world.engine.requests().len();
    let output = tls_engine.pull().output();
    assert!(output.stdout.contains("it rejected the client certificate"), "{output:?}");
    assert_eq!(tls_engine.world.engine.requests().len(), request_count);
}

#[test]
fn missing_client_certificate_is_reported() {
    let tls_engine = TlsEngine::valid(ClientAuth::Required);
    tls_engine
        .assert_unreachable(&tls_engine.pull().output(), "it requires a client certificate, and none is configured");
}

#[test]
fn certificate_of_an_unknown_authority_is_not_trusted() {
    let tls_engine = TlsEngine::valid(ClientAuth::None);
    fs::copy(CertificateAuthority::new().ca_path(), tls_engine.file("ca.pem")).unwrap();
    tls_engine.assert_unreachable(&tls_engine.pull().output(), "its certificate is not trusted");
}

#[test]
fn certificate_for_another_name_is_reported() {
    let tls_engine = TlsEngine::new("engine.example", Validity::Valid, ClientAuth::None);
    tls_engine.assert_unreachable(&tls_engine.pull().output(), "its certificate is for another host name");
}

#[test]
fn expired_certificate_is_reported() {
    let tls_engine = TlsEngine::new("127.0.0.1", Validity::Expired, ClientAuth::None);
    tls_engine.assert_unreachable(&tls_engine.pull().output(), "its certificate is not valid now");
}

#[test]
fn engine_without_tls_is_reported() {
    let tls_engine = TlsEngine::valid(ClientAuth::None);
    let plain = HttpServer::on_loopback(|_| Reply::new(400, "Bad Request"));
    let output = tls_engine.pull().env("DOCKER_HOST", format!("tcp://127.0.0.1:{}", plain.port())).output();
    tls_engine.assert_unreachable(&output, "it does not speak TLS");
}

#[test]
fn plain_http_to_a_tls_engine_suggests_docker_tls_verify() {
    let world = World::new();
    let message = "Client sent an HTTP request to an HTTPS server.\n";
    let server = HttpServer::on_loopback(move |_| Reply::new(400, message));
    let run = world.pull(&task(&[open_container("app", IMAGE)]));
    let output = run.env("DOCKER_HOST", format!("tcp://127.0.0.1:{}", server.port())).output();
    assert_eq!((output.code, &*output.failure(0)), (5, "engine engine-gone"), "{output:?}");
    assert!(output.stdout.contains("it requires TLS") && output.stdout.contains("DOCKER_TLS_VERIFY=1"), "{output:?}");
}

#[test]
fn unusable_certificate_file_is_named_before_any_request() {
    let cases: [(&str, &str, &str); 6] = [
        ("ca.pem", "", "contains no certificate"),
        ("ca.pem", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n", "cannot be used"),
        ("cert.pem", "no PEM", "contains no certificate"),
        (
            "key.pem",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\naGVsbG8=\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "contains no private key, or one with a passphrase",
        ),
        ("key.pem", "remove", "key.pem does not"),
        ("ca.pem", "remove", "cannot be read"),
    ];
    let tls_engine = TlsEngine::valid(ClientAuth::None);
    for (file, content, message) in cases {
        tls_engine.pki.write_client_files(tls_engine.folder.path());
        let path = tls_engine.file(file);
        if content == "remove" {
            fs::remove_file(&path).unwrap();
        } else {
            fs::write(&path, content).unwrap();
        }
        let output = tls_engine.pull().output();
        assert_eq!(output.code, 6, "{file}: {output:?}");
        assert!(
            output.stderr.contains(&*path.to_string_lossy()) && output.stderr.contains(message),
            "{file}: {output:?}"
        );
    }
    tls_engine.pki.write_client_files(tls_engine.folder.path());
    let other = tempfile::tempdir().unwrap();
    CertificateAuthority::new().write_client_files(other.path());
    fs::copy(other.path().join("key.pem"), tls_engine.file("key.pem")).unwrap();
    let output = tls_engine.pull().output();
    assert!(output.code == 6 && output.stderr.contains("cannot be used together"), "{output:?}");
    assert_eq!(tls_engine.world.engine.requests(), [] as [&str; 0]);
}

#[test]
fn certificates_default_to_the_folder_of_dockers_cli() {
    let tls_engine = TlsEngine::valid(ClientAuth::None);
    let run = || tls_engine.pull().env("DOCKER_CERT_PATH", "");
    assert_eq!(run().env("DOCKER_CONFIG", tls_engine.folder.path()).output().code, 0);
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".docker")).unwrap();
    fs::copy(tls_engine.pki.ca_path(), home.path().join(".docker/ca.pem")).unwrap();
    assert_eq!(run().env("HOME", home.path()).output().code, 0);
    let output = run().output();
    assert!(output.code == 6 && output.stderr.contains("DOCKER_CONFIG and HOME are unset"), "{output:?}");
}

#[test]
fn tls_without_verification_is_rejected() {
    let tls_engine = TlsEngine::valid(ClientAuth::None);
    let output = tls_engine.pull().env("DOCKER_TLS_VERIFY", "").env("DOCKER_TLS", "1").output();
    assert_eq!(output.code, 6, "{output:?}");
    assert!(output.stderr.contains("DOCKER_TLS uses TLS to tcp://"), "{output:?}");
    assert_eq!(tls_engine.pull().env("DOCKER_TLS", "1").output().code, 0, "DOCKER_TLS_VERIFY is set as well");
    assert_eq!(
        tls_engine.pull().env("DOCKER_TLS_VERIFY", "0").output().code,
        0,
        "any value enables verification, as in Docker's CLI"
    );
}

#[test]
fn unix_socket_ignores_the_tls_variables() {
    let world = World::new();
    let run = world.pull(&task(&[open_container("app", IMAGE)]));
    let output = run.env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", "/nonexistent").output();
    assert_eq!(output.code, 0, "{output:?}");
}
