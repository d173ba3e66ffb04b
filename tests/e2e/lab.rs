//! The lab as the tests see it: what runs where, and what is in it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::namespace::unshare_command;
use crate::support::run::Run;

/// Lays the file `$1` over /etc/hosts, and becomes the program.
const HOSTS: &str = r#"
mount -n --bind "$1" /etc/hosts
shift
exec "$@"
"#;

/// The engines that everything which pulls is tested on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabEngine {
    Docker,
    /// Podman's Docker-compatible socket. `docs/engines.md` says where it differs.
    Podman,
}

pub struct Lab {
    pub engine: LabEngine,
    pub env: HashMap<String, String>,
    seed: Value,
}

/// Makes of each function a test on Docker and one on Podman: `docker::name`, `podman::name`.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod docker {
            $(#[test] fn $name() { super::$name(&crate::lab::Lab::with(crate::lab::LabEngine::Docker)); })+
        }
        mod podman {
            $(#[test] fn $name() { super::$name(&crate::lab::Lab::with(crate::lab::LabEngine::Podman)); })+
        }
    };
}
pub(crate) use on_both_engines;

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
        env.insert("DOCKER_HOST".to_owned(), host.expect("an engine of the lab's own: `make lab-up` first"));
        Self { engine, env, seed: serde_json::from_str(&read("target/lab/seed/seed.json")).unwrap() }
    }

    /// The same lab with a Docker Engine of a test's own.
    pub fn with_docker_at(host: &str) -> Self {
        let mut lab = Self::with(LabEngine::Docker);
        lab.env.insert("DOCKER_HOST".to_owned(), host.to_owned());
        lab
    }

    /// A run that finds the lab's AWS and engine.
    pub fn configure(&self, run: Run) -> Run {
        let names = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "DOCKER_HOST"];
        names.into_iter().fold(run, |run, name| run.env(name, &self.env[name]))
    }

    pub fn pull(&self, definition: &Value) -> Run {
        self.configure(Run::pull(definition))
    }

    /// Runs a program where the registries' own names lead to the lab, as they do for its engines.
    pub fn with_registry_names<S: AsRef<OsStr>>(&self, line: impl IntoIterator<Item = S>) -> Run {
        let (prefix, lab) =
            (unshare_command(&["--mount", "--propagation", "private"], HOSTS), root().join("target/lab"));
        let run = prefix[1..].iter().fold(Run::program(prefix[0]), Run::arg).arg(lab.join("engine/hosts"));
        let run = line.into_iter().fold(run, Run::arg);
        self.configure(run).env("SSL_CERT_FILE", lab.join("ecr/ca.pem"))
    }

    /// `taskpull pull` there.
    pub fn pull_with_registry_names(&self, definition: &Value) -> Run {
        let line = [env!("CARGO_BIN_EXE_taskpull"), "pull", "--output", "json", "-"];
        self.with_registry_names(line).stdin(definition.to_string())
    }

    /// The ARN of a seeded secret of the host's account, by its name.
    pub fn secret(&self, name: &str) -> String {
        let is_it = |secret: &&Value| secret["name"] == name && secret["account"] == "111122223333";
        self.seed["secrets"].as_array().unwrap().iter().find(is_it).expect(name)["arn"].as_str().unwrap().to_owned()
    }

    pub fn password(&self, registry: &str, user: &str) -> String {
        self.seed["registries"][registry]["users"][user].as_str().expect(user).to_owned()
    }

    pub fn address(&self, registry: &str) -> &str {
        self.seed["registries"][registry]["address"].as_str().expect(registry)
    }

    /// The digest with which an image was seeded.
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

    /// Calls the lab's AWS by its SDK for Python, as `aws("kms", "create_key", &json!({}))`.
    /// Bytes are `{"base64": "…"}`, there and back.
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

    /// Makes a secret of the test's own. `content`: `SecretString` or `SecretBinary`.
    pub fn create_secret(&self, what: &str, content: &Value) -> TestSecret<'_> {
        let secret = self.reserve_secret(what);
        secret.call("create_secret", "Name", content);
        secret
    }

    /// The name of a secret that the test itself will make.
    pub fn reserve_secret(&self, what: &str) -> TestSecret<'_> {
        TestSecret { lab: self, name: format!("taskpull/{what}-{:?}-{}", self.engine, std::process::id()) }
    }

    /// The Docker CLI on the lab's engine.
    pub fn docker(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("docker");
        command.args(arguments).env("DOCKER_HOST", &self.env["DOCKER_HOST"]);
        let output = command.output().expect("the Docker CLI");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Takes an image off the engine, so that the next pull fetches it.
    pub fn remove_image(&self, image: &str) {
        self.docker(&["image", "rm", "--force", image]);
        assert_eq!(self.docker(&["image", "ls", "--quiet", image]), "");
    }

    pub fn has_image(&self, image: &str) -> bool {
        !self.docker(&["image", "ls", "--quiet", image]).is_empty()
    }
}

/// A secret that goes with its test, however that ends.
pub struct TestSecret<'a> {
    lab: &'a Lab,
    pub name: String,
}

impl TestSecret<'_> {
    pub fn put(&self, content: &Value) {
        self.call("put_secret_value", "SecretId", content);
    }

    fn call(&self, operation: &str, key: &str, parameters: &Value) {
        let mut parameters = parameters.clone();
        parameters[key] = self.name.as_str().into();
        self.lab.aws("secretsmanager", operation, &parameters);
    }
}

impl Drop for TestSecret<'_> {
    fn drop(&mut self) {
        self.call("delete_secret", "SecretId", &json!({ "ForceDeleteWithoutRecovery": true }));
    }
}

/// The content of a secret with this login.
pub fn login(username: &str, password: &str) -> Value {
    json!({ "SecretString": json!({ "username": username, "password": password }).to_string() })
}

/// A task whose secrets the host reads.
pub fn task(containers: &[(&str, &str, Option<&str>)]) -> Value {
    let containers: Vec<_> = containers
        .iter()
        .map(|(name, image, secret)| match secret {
            None => json!({ "name": name, "image": image }),
            Some(secret) => {
                json!({ "name": name, "image": image, "repositoryCredentials": { "credentialsParameter": secret } })
            }
        })
        .collect();
    json!({ "family": "e2e", "containerDefinitions": containers })
}
