//! The running lab: addresses, credentials and contents of its services.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::super::super::namespace::unshare_command;
use super::super::super::run::Run;
use super::test_secret::TestSecret;

/// Mounts the file `$1` over /etc/hosts, and executes the program.
const HOSTS_SCRIPT: &str = r#"
mount -n --bind "$1" /etc/hosts
shift
exec "$@"
"#;

/// An engine that the tests of pulls run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabEngine {
    Docker,
    /// Podman's Docker-compatible socket. `docs/engines.md` lists the differences.
    Podman,
}

pub struct Lab {
    pub engine: LabEngine,
    pub env: HashMap<String, String>,
    seed: Value,
}

/// Turns each function into a test on Docker and one on Podman: `docker::name`, `podman::name`.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod docker {
            $(#[test] fn $name() { super::$name(&crate::support::world::lab::Lab::with(crate::support::world::lab::LabEngine::Docker)); })+
        }
        mod podman {
            $(#[test] fn $name() { super::$name(&crate::support::world::lab::Lab::with(crate::support::world::lab::LabEngine::Podman)); })+
        }
    };
}
pub(crate) use on_both_engines;

/// The root of this checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Lab {
    /// The lab of this checkout, which must be up, with one of its engines.
    pub fn with(engine: LabEngine) -> Self {
        let read = |path: &str| {
            fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}: `make lab-up` first"))
        };
        let env = read("target/lab/env");
        let mut env: HashMap<_, _> =
            env.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let variable = match engine {
            LabEngine::Docker => "DOCKER_HOST",
            LabEngine::Podman => "TASKPULL_LAB_PODMAN",
        };
        let host = env.get(variable).cloned();
        env.insert("DOCKER_HOST".to_owned(), host.expect("an engine of the lab: `make lab-up` first"));
        Self { engine, env, seed: serde_json::from_str(&read("target/lab/seed/seed.json")).unwrap() }
    }

    /// The lab with a private Docker Engine.
    pub fn with_docker_at(host: &str) -> Self {
        let mut lab = Self::with(LabEngine::Docker);
        lab.env.insert("DOCKER_HOST".to_owned(), host.to_owned());
        lab
    }

    /// Sets the environment by which a run finds the lab's AWS and engine.
    pub fn configure(&self, run: Run) -> Run {
        let names = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "DOCKER_HOST"];
        names.into_iter().fold(run, |run, name| run.env(name, &self.env[name]))
    }

    pub fn pull(&self, definition: &Value) -> Run {
        self.configure(Run::pull(definition))
    }

    /// A run in which the names of real registries resolve to the lab, as they do for its engines.
    pub fn with_registry_names<S: AsRef<OsStr>>(&self, line: impl IntoIterator<Item = S>) -> Run {
        let (prefix, lab) =
            (unshare_command(&["--mount", "--propagation", "private"], HOSTS_SCRIPT), root().join("target/lab"));
        let run = prefix[1..].iter().fold(Run::program(prefix[0]), Run::arg).arg(lab.join("engine/hosts"));
        let run = line.into_iter().fold(run, Run::arg);
        self.configure(run).env("SSL_CERT_FILE", lab.join("ecr/ca.pem"))
    }

    /// `taskpull pull` with the names of real registries.
    pub fn pull_with_registry_names(&self, definition: &Value) -> Run {
        let line = [env!("CARGO_BIN_EXE_taskpull"), "pull", "--output", "json", "-"];
        self.with_registry_names(line).stdin(definition.to_string())
    }

    /// The ARN of a seeded secret of the host's account, by its name.
    pub fn secret(&self, name: &str) -> String {
        let matches = |secret: &&Value| secret["name"] == name && secret["account"] == "111122223333";
        self.seed["secrets"].as_array().unwrap().iter().find(matches).expect(name)["arn"].as_str().unwrap().to_owned()
    }

    pub fn password(&self, registry: &str, user: &str) -> String {
        self.seed["registries"][registry]["users"][user].as_str().expect(user).to_owned()
    }

    pub fn address(&self, registry: &str) -> &str {
        self.seed["registries"][registry]["address"].as_str().expect(registry)
    }

    /// The digest of a seeded image.
    pub fn digest(&self, registry: &str, repository: &str) -> &str {
        let images = self.seed["registries"][registry]["images"].as_array().unwrap();
        images.iter().find(|image| image["repository"] == repository).expect(repository)["digest"].as_str().unwrap()
    }

    /// `HOST:PORT` of the AWS emulator.
    pub fn aws_address(&self) -> String {
        self.env["AWS_ENDPOINT_URL"].strip_prefix("http://").expect("plain HTTP").to_owned()
    }

    pub fn engine_socket(&self) -> PathBuf {
        PathBuf::from(self.env["DOCKER_HOST"].strip_prefix("unix://").expect("a socket"))
    }

    /// Calls the lab's AWS through boto3, as in `aws("kms", "create_key", &json!({}))`. Bytes are
    /// `{"base64": "…"}` in parameters and results.
    pub fn aws(&self, service: &str, operation: &str, parameters: &Value) -> Value {
        let script = "import base64, boto3, json, sys\n\
            read = lambda o: base64.b64decode(o['base64']) if o.keys() == {'base64'} else o\n\
            show = lambda o: {'base64': base64.b64encode(o).decode()} if isinstance(o, bytes) else str(o)\n\
            parameters = json.load(sys.stdin, object_hook=read)\n\
            answer = getattr(boto3.client(sys.argv[1]), sys.argv[2])(**parameters)\n\
            print(json.dumps(answer, default=show))";
        let mut command = Command::new(root().join("target/lab/venv/bin/python"));
        command.args(["-c", script, service, operation]).stdin(Stdio::piped());
        command.envs(self.env.iter().filter(|(name, _)| name.starts_with("AWS_")));
        command.env("AWS_DEFAULT_REGION", &self.env["AWS_REGION"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the lab's Python");
        child.stdin.take().unwrap().write_all(parameters.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{operation}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Creates a secret for one test. `content` is `SecretString` or `SecretBinary`.
    pub fn create_secret(&self, name: &str, content: &Value) -> TestSecret<'_> {
        let secret = self.reserve_secret(name);
        secret.call("create_secret", "Name", content);
        secret
    }

    /// A unique name for a secret that the test itself creates.
    pub fn reserve_secret(&self, name: &str) -> TestSecret<'_> {
        TestSecret { lab: self, name: format!("taskpull/{name}-{:?}-{}", self.engine, std::process::id()) }
    }

    /// Runs the Docker CLI on the lab's engine, and returns its stdout.
    pub fn docker(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("docker");
        command.args(arguments).env("DOCKER_HOST", &self.env["DOCKER_HOST"]);
        let output = command.output().expect("the Docker CLI");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Removes an image from the engine, so that the next pull fetches it.
    pub fn remove_image(&self, image: &str) {
        self.docker(&["image", "rm", "--force", image]);
        assert_eq!(self.docker(&["image", "ls", "--quiet", image]), "");
    }

    pub fn has_image(&self, image: &str) -> bool {
        !self.docker(&["image", "ls", "--quiet", image]).is_empty()
    }
}
