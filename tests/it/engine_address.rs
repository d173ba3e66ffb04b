//! Which engine is meant: addresses, contexts, and which of them wins.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::digest::sha256;
use crate::support::engine::FakeEngine;
use crate::support::pki::{CertificateAuthority, ClientAuth, Validity};
use crate::support::run::{Run, RunOutput};
use crate::support::tls::{Backend, TlsTerminator};
use crate::task::{IMAGE, World, open_container, task};

/// A world whose engine is reached by what the test says, and a folder of Docker's CLI.
struct Host {
    world: World,
    home: TempDir,
}

impl Host {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".docker")).unwrap();
        Self { world: World::new(), home }
    }

    fn docker(&self) -> PathBuf {
        self.home.path().join(".docker")
    }

    /// As `docker context create` writes it.
    fn context(&self, name: &str, endpoint: &Value) -> PathBuf {
        let folder = |kind: &str| self.docker().join("contexts").join(kind).join(sha256(name));
        fs::create_dir_all(folder("meta")).unwrap();
        let meta = json!({ "Name": name, "Metadata": {}, "Endpoints": { "docker": endpoint } });
        fs::write(folder("meta").join("meta.json"), meta.to_string()).unwrap();
        folder("tls").join("docker")
    }

    /// As `docker context use` writes it.
    fn use_context(&self, name: &str) {
        let config = json!({ "auths": { "r.example": { "auth": "bWU6c3dvcmRmaXNo" } }, "currentContext": name });
        fs::write(self.docker().join("config.json"), config.to_string()).unwrap();
    }

    fn pull(&self) -> Run {
        self.world.pull(&task(&[open_container("app", IMAGE)])).env("DOCKER_HOST", "").env("HOME", self.home.path())
    }
}

fn to(engine: &FakeEngine) -> Value {
    json!({ "Host": engine.host(), "SkipTLSVerify": false })
}

fn refused(ended: &RunOutput, said: &str) {
    assert_eq!(ended.code, 6, "{said}: {ended:?}");
    assert!(ended.stderr.contains(said), "{said}: {ended:?}");
}

#[test]
fn a_context_leads_to_a_socket() {
    let host = Host::new();
    host.context("near", &to(&host.world.engine));
    assert_eq!(host.pull().env("DOCKER_CONTEXT", "near").output().code, 0);
    assert_eq!(host.pull().arg("--context").arg("near").output().code, 0);
    let moved = host.pull().env("HOME", "").env("DOCKER_CONFIG", host.docker()).env("DOCKER_CONTEXT", "near").output();
    assert_eq!(moved.code, 0, "{moved:?}");
    assert_eq!(host.world.engine.pulls().len(), 3);
}

#[test]
fn a_context_leads_through_tls_with_its_own_certificates() {
    let (host, pki) = (Host::new(), CertificateAuthority::new());
    let backend = Backend::Socket(host.world.engine.socket());
    let tls = TlsTerminator::start(backend, pki.server_config("127.0.0.1", Validity::Valid, ClientAuth::Required));
    let files = host.context("far", &json!({ "Host": tls.host(), "SkipTLSVerify": false }));
    fs::create_dir_all(&files).unwrap();
    pki.write_client_files(&files);
    // The variables are those of an address, and say nothing about a context.
    let run = || host.pull().env("DOCKER_CONTEXT", "far").env("DOCKER_CERT_PATH", "/nonexistent");
    let ended = run().env("DOCKER_TLS_VERIFY", "1").output();
    assert_eq!(ended.code, 0, "{ended:?}");

    fs::remove_file(files.join("ca.pem")).unwrap();
    let ended = run().output();
    assert!(ended.stdout.contains("its certificate is not trusted"), "the system's are trusted: {ended:?}");
    assert_eq!(run().env("SSL_CERT_FILE", pki.ca_path()).output().code, 0);

    host.context("far", &json!({ "Host": tls.host(), "SkipTLSVerify": true }));
    refused(&run().output(), "the Docker context `far` asks for TLS without verification");
}

#[test]
fn the_order_is_that_of_dockers_cli() {
    let host = Host::new();
    let (flag, variable, current, file) =
        (FakeEngine::start(), FakeEngine::start(), FakeEngine::start(), FakeEngine::start());
    host.context("flag", &to(&flag));
    host.context("variable", &to(&variable));
    host.context("current", &to(&current));
    host.use_context("current");
    let address = &host.world.engine;
    let config = host.home.path().join("taskpull.toml");
    fs::write(&config, format!("[engine]\nhost = \"{}\"\n", file.host())).unwrap();
    let count = |engine: &FakeEngine| engine.pulls().len();
    let reaches = |what: &str, run: Run, engine: &FakeEngine| {
        let before = count(engine);
        let ended = run.output();
        assert_eq!((ended.code, count(engine)), (0, before + 1), "{what}: {ended:?}");
        ended
    };

    let noted = reaches("the current context", host.pull(), &current);
    assert!(noted.stderr.contains("of Docker's current context `current`"), "{noted:?}");
    let run = host.pull().env("TASKPULL_CONFIG", &config);
    let unnoted = reaches("the file over the current context", run, &file);
    assert!(!unnoted.stderr.contains("context"), "{unnoted:?}");
    let run = || host.pull().env("TASKPULL_CONFIG", &config).env("DOCKER_CONTEXT", "variable");
    reaches("DOCKER_CONTEXT over the file", run(), &variable);
    let run = || run().env("DOCKER_HOST", address.host());
    reaches("DOCKER_HOST over DOCKER_CONTEXT", run(), address);
    reaches("--context over DOCKER_HOST", run().arg("--context").arg("flag"), &flag);
    reaches("--host over DOCKER_HOST", run().arg("--host").arg(flag.host()), &flag);
    reaches("the default context is DOCKER_HOST", run().arg("--context").arg("default"), address);
    let run = run().arg("--context").arg("flag").arg("--host").arg(flag.host());
    let both = run.output();
    assert_eq!(both.code, 2, "{both:?}");
}

#[test]
fn the_current_context_is_none_where_nobody_chose_one() {
    for config in [None, Some("{}"), Some(r#"{"currentContext": ""}"#), Some(r#"{"currentContext": "default"}"#)] {
        let host = Host::new();
        if let Some(config) = config {
            fs::write(host.docker().join("config.json"), config).unwrap();
        }
        // The default address is the host's own engine, which a test must not ask.
        let ended = host.pull().arg("--dry-run").output();
        assert!(ended.code == 0 && !ended.stderr.contains("note:"), "{config:?}: {ended:?}");
    }
}

#[test]
fn a_context_that_cannot_be_used_is_named_with_its_file() {
    let host = Host::new();
    let ended = host.pull().env("DOCKER_CONTEXT", "nowhere").output();
    refused(&ended, "there is no Docker context `nowhere`");
    let path = format!(".docker/contexts/meta/{}/meta.json", sha256("nowhere"));
    assert!(ended.stderr.replace('\n', "").contains(&path), "{ended:?}");
    let homeless = host.pull().env("HOME", "").env("DOCKER_CONTEXT", "nowhere").output();
    refused(&homeless, "DOCKER_CONFIG and HOME are unset");

    host.use_context("gone");
    refused(&host.pull().output(), "there is no Docker context `gone`");
    fs::write(host.docker().join("config.json"), r#"{"currentContext": ["hunter2"]}"#).unwrap();
    let ended = host.pull().output();
    refused(&ended, "config.json is not as Docker writes it: line 1");
    assert!(!ended.stderr.contains("hunter2"));

    host.context("empty", &json!({ "Host": "" }));
    refused(&host.pull().env("DOCKER_CONTEXT", "empty").output(), "the context `empty` has no engine's address");
}

#[test]
fn an_engine_behind_ssh_is_refused_with_the_way_round() {
    let host = Host::new();
    host.context("far", &json!({ "Host": "ssh://me@far.example", "SkipTLSVerify": false }));
    for run in [host.pull().env("DOCKER_CONTEXT", "far"), host.pull().env("DOCKER_HOST", "ssh://me@far.example")] {
        let ended = run.output();
        refused(&ended, "wants ssh, which taskpull does not speak");
        assert!(ended.stderr.contains("ssh -N -L"), "{ended:?}");
    }
}
