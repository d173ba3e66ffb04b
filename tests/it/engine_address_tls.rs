//! TLS to the engine: whom it trusts, as whom it comes, and each way in which it fails.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::engine::{PullEnd, PullScript};
use crate::support::http::{HttpServer, Reply};
use crate::support::pki::{CertificateAuthority, ClientAuth, Validity};
use crate::support::run::{Run, RunOutput};
use crate::support::tls::{Backend, TlsTerminator};
use crate::support_aws_client::SECRET;
use crate::task::{IMAGE, World, container, open_container, task};

/// An engine behind TLS, and the folder of whoever comes.
struct Behind {
    world: World,
    pki: CertificateAuthority,
    tls: TlsTerminator,
    folder: TempDir,
}

impl Behind {
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

    fn unreached(&self, ended: &RunOutput, said: &str) {
        assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{said}: {ended:?}");
        assert!(ended.stdout.contains(said), "{said}: {ended:?}");
        assert_eq!(self.world.engine.requests(), [] as [&str; 0]);
    }
}

#[test]
fn a_pull_goes_through_tls_with_its_login() {
    let behind = Behind::valid(ClientAuth::None);
    let ended = behind.configure(behind.world.pull(&task(&[container("app", IMAGE, SECRET)]))).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(behind.world.engine.pulls()[0].auth.has_login("me", "swordfish"));
    assert_eq!(behind.world.engine.pulls()[0].api_version.as_deref(), Some("1.41"));
    assert!(!ended.stderr.contains("in clear"), "{ended:?}");
}

#[test]
fn a_pull_that_is_given_up_is_given_up_by_the_engine_behind_tls_too() {
    let behind = Behind::valid(ClientAuth::None);
    let other = "registry.example:5000/team/other:v1";
    let engine = &behind.world.engine;
    engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").hang());
    let slow = (0..20).fold(PullScript::stream(), |pull, _| pull.status("so far").pause(Duration::from_millis(300)));
    engine.script(other, slow);
    let definition = task(&[open_container("app", IMAGE), open_container("other", other)]);
    let run = behind.configure(behind.world.pull(&definition)).env("TASKPULL_IDLE_TIMEOUT", "1s");
    let mut running = run.env("TASKPULL_ATTEMPTS", "1").start();
    let is_left = || engine.pulls().iter().any(|pull| pull.image == IMAGE && pull.ending == Some(PullEnd::Broken));
    let is_left_in_time = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        is_left()
    });
    assert!(is_left_in_time && running.try_wait().unwrap().is_none(), "while the other pull goes on");
    running.kill().unwrap();
    running.wait().unwrap();
}

#[test]
fn an_engine_that_asks_who_comes_is_shown_the_certificate() {
    let behind = Behind::valid(ClientAuth::Required);
    behind.pki.write_client_files(behind.folder.path());
    assert_eq!(behind.pull().output().code, 0);
    let stranger = CertificateAuthority::new();
    stranger.write_client_files(behind.folder.path());
    fs::copy(behind.pki.ca_path(), behind.file("ca.pem")).unwrap();
    let asked = behind.world.engine.requests().len();
    let ended = behind.pull().output();
    assert!(ended.stdout.contains("it does not take the client certificate"), "{ended:?}");
    assert_eq!(behind.world.engine.requests().len(), asked);
}

#[test]
fn an_engine_that_asks_who_comes_is_not_reached_without_a_certificate() {
    let behind = Behind::valid(ClientAuth::Required);
    behind.unreached(&behind.pull().output(), "it wants a client certificate, and there is none");
}

#[test]
fn a_certificate_of_another_authority_is_not_trusted() {
    let behind = Behind::valid(ClientAuth::None);
    fs::copy(CertificateAuthority::new().ca_path(), behind.file("ca.pem")).unwrap();
    behind.unreached(&behind.pull().output(), "its certificate is not trusted");
}

#[test]
fn a_certificate_for_another_name_is_told_as_one() {
    let behind = Behind::new("engine.example", Validity::Valid, ClientAuth::None);
    behind.unreached(&behind.pull().output(), "its certificate is for another name");
}

#[test]
fn a_certificate_whose_time_is_over_is_told_as_one() {
    let behind = Behind::new("127.0.0.1", Validity::Expired, ClientAuth::None);
    behind.unreached(&behind.pull().output(), "its certificate is not valid now");
}

#[test]
fn an_engine_without_tls_is_told_as_one() {
    let behind = Behind::valid(ClientAuth::None);
    let plain = HttpServer::on_loopback(|_| Reply::new(400, "Bad Request"));
    let ended = behind.pull().env("DOCKER_HOST", format!("tcp://127.0.0.1:{}", plain.port())).output();
    behind.unreached(&ended, "it does not speak TLS");
}

#[test]
fn an_engine_with_tls_that_was_asked_without_says_so() {
    let world = World::new();
    let words = "Client sent an HTTP request to an HTTPS server.\n";
    let server = HttpServer::on_loopback(move |_| Reply::new(400, words));
    let run = world.pull(&task(&[open_container("app", IMAGE)]));
    let ended = run.env("DOCKER_HOST", format!("tcp://127.0.0.1:{}", server.port())).output();
    assert_eq!((ended.code, &*ended.failure(0)), (5, "engine engine-gone"), "{ended:?}");
    assert!(ended.stdout.contains("it wants TLS") && ended.stdout.contains("DOCKER_TLS_VERIFY=1"), "{ended:?}");
}

#[test]
fn each_file_that_cannot_be_used_is_named_before_anybody_is_asked() {
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
    let behind = Behind::valid(ClientAuth::None);
    for (file, content, said) in cases {
        behind.pki.write_client_files(behind.folder.path());
        let path = behind.file(file);
        if content == "remove" {
            fs::remove_file(&path).unwrap();
        } else {
            fs::write(&path, content).unwrap();
        }
        let ended = behind.pull().output();
        assert_eq!(ended.code, 6, "{file}: {ended:?}");
        assert!(ended.stderr.contains(&*path.to_string_lossy()) && ended.stderr.contains(said), "{file}: {ended:?}");
    }
    behind.pki.write_client_files(behind.folder.path());
    let other = tempfile::tempdir().unwrap();
    CertificateAuthority::new().write_client_files(other.path());
    fs::copy(other.path().join("key.pem"), behind.file("key.pem")).unwrap();
    let ended = behind.pull().output();
    assert!(ended.code == 6 && ended.stderr.contains("cannot be used together"), "{ended:?}");
    assert_eq!(behind.world.engine.requests(), [] as [&str; 0]);
}

#[test]
fn the_certificates_are_those_of_dockers_folder_where_no_path_is_named() {
    let behind = Behind::valid(ClientAuth::None);
    let run = || behind.pull().env("DOCKER_CERT_PATH", "");
    assert_eq!(run().env("DOCKER_CONFIG", behind.folder.path()).output().code, 0);
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".docker")).unwrap();
    fs::copy(behind.pki.ca_path(), home.path().join(".docker/ca.pem")).unwrap();
    assert_eq!(run().env("HOME", home.path()).output().code, 0);
    let ended = run().output();
    assert!(ended.code == 6 && ended.stderr.contains("DOCKER_CONFIG and HOME are unset"), "{ended:?}");
}

#[test]
fn tls_that_does_not_look_whom_it_talks_to_is_refused() {
    let behind = Behind::valid(ClientAuth::None);
    let ended = behind.pull().env("DOCKER_TLS_VERIFY", "").env("DOCKER_TLS", "1").output();
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stderr.contains("DOCKER_TLS asks for TLS without verification"), "{ended:?}");
    assert_eq!(behind.pull().env("DOCKER_TLS", "1").output().code, 0, "verified as well");
    assert_eq!(behind.pull().env("DOCKER_TLS_VERIFY", "0").output().code, 0, "as with Docker's CLI");
}

#[test]
fn a_socket_is_without_tls_whatever_the_environment_says() {
    let world = World::new();
    let run = world.pull(&task(&[open_container("app", IMAGE)]));
    let ended = run.env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", "/nonexistent").output();
    assert_eq!(ended.code, 0, "{ended:?}");
}
