//! Which engine a run uses: addresses, Docker contexts and their precedence.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::digest::sha256;
use crate::support::engine::FakeEngine;
use crate::support::pki::{CertificateAuthority, ClientAuth, Validity};
use crate::support::run::{Run, RunOutput};
use crate::support::tls::{Backend, TlsTerminator};
use crate::support::world::{IMAGE, World, open_container, task};

/// A world whose engine address each test chooses, and a home folder with the files of Docker's CLI.
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

    fn docker_folder(&self) -> PathBuf {
        self.home.path().join(".docker")
    }

    /// Creates a context as `docker context create` does. Returns the folder for its TLS files.
    fn context(&self, name: &str, endpoint: &Value) -> PathBuf {
        let folder = |kind: &str| self.docker_folder().join("contexts").join(kind).join(sha256(name));
        fs::create_dir_all(folder("meta")).unwrap();
        let meta = json!({ "Name": name, "Metadata": {}, "Endpoints": { "docker": endpoint } });
        fs::write(folder("meta").join("meta.json"), meta.to_string()).unwrap();
        folder("tls").join("docker")
    }

    /// Selects a context as `docker context use` does.
    fn use_context(&self, name: &str) {
        let config = json!({ "auths": { "r.example": { "auth": "bWU6c3dvcmRmaXNo" } }, "currentContext": name });
        fs::write(self.docker_folder().join("config.json"), config.to_string()).unwrap();
    }

    fn pull(&self) -> Run {
        self.world.pull(&task(&[open_container("app", IMAGE)])).env("DOCKER_HOST", "").env("HOME", self.home.path())
    }
}

fn endpoint_of(engine: &FakeEngine) -> Value {
    json!({ "Host": engine.host(), "SkipTLSVerify": false })
}

fn assert_rejected(output: &RunOutput, message: &str) {
    assert_eq!(output.code, 6, "{message}: {output:?}");
    assert!(output.stderr.contains(message), "{message}: {output:?}");
}

#[test]
fn context_leads_to_its_socket() {
    let host = Host::new();
    host.context("near", &endpoint_of(&host.world.engine));
    assert_eq!(host.pull().env("DOCKER_CONTEXT", "near").output().code, 0);
    assert_eq!(host.pull().arg("--context").arg("near").output().code, 0);
    let relocated =
        host.pull().env("HOME", "").env("DOCKER_CONFIG", host.docker_folder()).env("DOCKER_CONTEXT", "near").output();
    assert_eq!(relocated.code, 0, "{relocated:?}");
    assert_eq!(host.world.engine.pulls().len(), 3);
}

#[test]
fn context_uses_its_own_tls_certificates() {
    let (host, pki) = (Host::new(), CertificateAuthority::new());
    let backend = Backend::Socket(host.world.engine.socket());
    let tls = TlsTerminator::start(backend, pki.server_config("127.0.0.1", Validity::Valid, ClientAuth::Required));
    let files = host.context("far", &json!({ "Host": tls.host(), "SkipTLSVerify": false }));
    fs::create_dir_all(&files).unwrap();
    pki.write_client_files(&files);
    // The DOCKER_TLS variables belong to DOCKER_HOST and do not apply to a context.
    let run = || host.pull().env("DOCKER_CONTEXT", "far").env("DOCKER_CERT_PATH", "/nonexistent");
    let output = run().env("DOCKER_TLS_VERIFY", "1").output();
    assert_eq!(output.code, 0, "{output:?}");

    fs::remove_file(files.join("ca.pem")).unwrap();
    let output = run().output();
    assert!(
        output.stdout.contains("its certificate is not trusted"),
        "only the authorities of the system are trusted: {output:?}"
    );
    assert_eq!(run().env("SSL_CERT_FILE", pki.ca_path()).output().code, 0);

    host.context("far", &json!({ "Host": tls.host(), "SkipTLSVerify": true }));
    assert_rejected(&run().output(), "the Docker context `far` uses TLS to tcp://");
}

#[test]
fn engine_precedence_is_that_of_dockers_cli() {
    let host = Host::new();
    let (flag, variable, current, file) =
        (FakeEngine::start(), FakeEngine::start(), FakeEngine::start(), FakeEngine::start());
    host.context("flag", &endpoint_of(&flag));
    host.context("variable", &endpoint_of(&variable));
    host.context("current", &endpoint_of(&current));
    host.use_context("current");
    let address = &host.world.engine;
    let config = host.home.path().join("taskpull.toml");
    fs::write(&config, format!("[engine]\nhost = \"{}\"\n", file.host())).unwrap();
    let count = |engine: &FakeEngine| engine.pulls().len();
    let assert_reaches = |what: &str, run: Run, engine: &FakeEngine| {
        let before = count(engine);
        let output = run.output();
        assert_eq!((output.code, count(engine)), (0, before + 1), "{what}: {output:?}");
        output
    };

    let from_context = assert_reaches("the current context", host.pull(), &current);
    assert!(from_context.stderr.contains("from Docker's current context `current`"), "{from_context:?}");
    let run = host.pull().env("TASKPULL_CONFIG", &config);
    let from_file = assert_reaches("the file over the current context", run, &file);
    assert!(!from_file.stderr.contains("context"), "{from_file:?}");
    let run = || host.pull().env("TASKPULL_CONFIG", &config).env("DOCKER_CONTEXT", "variable");
    assert_reaches("DOCKER_CONTEXT over the file", run(), &variable);
    let run = || run().env("DOCKER_HOST", address.host());
    assert_reaches("DOCKER_HOST over DOCKER_CONTEXT", run(), address);
    assert_reaches("--context over DOCKER_HOST", run().arg("--context").arg("flag"), &flag);
    assert_reaches("--host over DOCKER_HOST", run().arg("--host").arg(flag.host()), &flag);
    assert_reaches("the default context is DOCKER_HOST", run().arg("--context").arg("default"), address);
    let run = run().arg("--context").arg("flag").arg("--host").arg(flag.host());
    let both = run.output();
    assert_eq!(both.code, 2, "{both:?}");
}

#[test]
fn unset_or_default_current_context_is_ignored() {
    for config in [None, Some("{}"), Some(r#"{"currentContext": ""}"#), Some(r#"{"currentContext": "default"}"#)] {
        let host = Host::new();
        if let Some(config) = config {
            fs::write(host.docker_folder().join("config.json"), config).unwrap();
        }
        // A dry run, because the default address is the host's own engine, which a test must not contact.
        let output = host.pull().arg("--dry-run").output();
        assert!(output.code == 0 && !output.stderr.contains("note:"), "{config:?}: {output:?}");
    }
}

#[test]
fn error_of_an_unusable_context_names_its_file() {
    let host = Host::new();
    let output = host.pull().env("DOCKER_CONTEXT", "nowhere").output();
    assert_rejected(&output, "the Docker context `nowhere` does not exist");
    let path = format!(".docker/contexts/meta/{}/meta.json", sha256("nowhere"));
    assert!(output.stderr.replace('\n', "").contains(&path), "{output:?}");
    let homeless = host.pull().env("HOME", "").env("DOCKER_CONTEXT", "nowhere").output();
    assert_rejected(&homeless, "DOCKER_CONFIG and HOME are unset");

    host.use_context("gone");
    assert_rejected(&host.pull().output(), "the Docker context `gone` does not exist");
    fs::write(host.docker_folder().join("config.json"), r#"{"currentContext": ["hunter2"]}"#).unwrap();
    let output = host.pull().output();
    assert_rejected(&output, "config.json does not have Docker's format: line 1");
    assert!(!output.stderr.contains("hunter2"));

    host.context("empty", &json!({ "Host": "" }));
    assert_rejected(
        &host.pull().env("DOCKER_CONTEXT", "empty").output(),
        "the context `empty` has no address of an engine",
    );
}

#[test]
fn ssh_engine_is_rejected_with_a_workaround() {
    let host = Host::new();
    host.context("far", &json!({ "Host": "ssh://me@far.example", "SkipTLSVerify": false }));
    for run in [host.pull().env("DOCKER_CONTEXT", "far"), host.pull().env("DOCKER_HOST", "ssh://me@far.example")] {
        let output = run.output();
        assert_rejected(&output, "requires SSH, which taskpull does not support");
        assert!(output.stderr.contains("ssh -N -L"), "{output:?}");
    }
}
