//! The image of the Dockerfile, built from the tested program and run on the lab's engine.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::world::lab::{Lab, LabEngine, REGISTRY, TestImage, debian_image, root, task, wait_until};

/// Bytes that the image may have in addition to the program. A release of the program has 12 MB,
/// and the whole image may have 25 MB.
const MAX_OVERHEAD: u64 = 5_000_000;

/// A built image, which is removed when dropped.
struct Image<'a> {
    lab: &'a Lab,
    name: String,
    program: u64,
    /// The ids of the images of the build stages, the last first.
    stages: Vec<String>,
}

impl<'a> Image<'a> {
    /// Builds the image. The base image is the lab's Debian, so no public registry is used.
    fn build(lab: &'a Lab) -> Self {
        let context = tempfile::tempdir().unwrap();
        let program = context.path().join("taskpull");
        fs::copy(root().join("Dockerfile"), context.path().join("Dockerfile")).unwrap();
        let mut strip = Command::new("strip");
        assert!(strip.arg("-o").arg(&program).arg(env!("CARGO_BIN_EXE_taskpull")).status().unwrap().success());
        let name = format!("taskpull-lab/taskpull:{}", std::process::id());
        let build_image = format!("BUILD_IMAGE={}", debian_image());
        let mut build = Command::new("docker");
        // The lab's engine has no BuildKit, and its containers have no network.
        build.env("DOCKER_BUILDKIT", "0").env("DOCKER_HOST", &lab.env["DOCKER_HOST"]);
        build.args(["build", "--network", "none", "--force-rm", "--tag", &name, "--build-arg", &build_image]);
        let output = build.args(["--build-arg", "BINARY=taskpull"]).arg(context.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let stages = stages(&String::from_utf8_lossy(&output.stdout));
        Self { lab, name, program: fs::metadata(&program).unwrap().len(), stages }
    }

    fn described(&self) -> Value {
        let described = self.lab.docker(&["image", "inspect", &self.name]);
        serde_json::from_str::<Value>(&described).unwrap()[0].clone()
    }

    /// Runs the image as a host would, with the engine's socket and the group that may open it.
    fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        let socket = self.lab.engine_socket();
        let group = fs::metadata(&socket).unwrap().gid().to_string();
        let volume = format!("{}:/var/run/docker.sock", socket.display());
        let mut run = Command::new("docker");
        run.args(["run", "--rm", "--interactive", "--network", "host", "--read-only", "--cap-drop", "ALL"]);
        run.args(["--volume", &volume, "--group-add", &group]);
        for name in ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
            // The value is passed by the environment of the Docker CLI, not as an argument.
            run.args(["--env", name]).env(name, &self.lab.env[name]);
        }
        run.env("DOCKER_HOST", &self.lab.env["DOCKER_HOST"]).arg(&self.name).args(arguments);
        let mut child = run.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        self.lab.docker(&["image", "rm", "--force", &self.name]);
        for stage in &self.stages {
            self.lab.docker(&["image", "rm", stage]);
        }
    }
}

/// Returns the images that the build output reports as created, the last first, without base images.
fn stages(output: &str) -> Vec<String> {
    let mut created = Vec::new();
    let mut is_base = false;
    for line in output.lines() {
        match line.trim().strip_prefix("---> ") {
            None => is_base = line.starts_with("Step ") && line.contains(" : FROM "),
            Some(id) if !is_base && id.bytes().all(|byte| byte.is_ascii_hexdigit()) => created.push(id.to_owned()),
            Some(_) => {}
        }
    }
    created.reverse();
    created
}

#[test]
fn image_is_small_unprivileged_and_pulls_a_private_image() {
    let lab = Lab::with(LabEngine::Docker);
    let built = Image::build(&lab);
    let described = built.described();
    let size = described["Size"].as_u64().unwrap();
    assert!(size < built.program + MAX_OVERHEAD, "{size} bytes, {} of them the program", built.program);
    assert_eq!(described["Config"]["User"], "65532:65532");
    assert_eq!(described["Config"]["Healthcheck"]["Test"][1], "/usr/bin/taskpull");

    let image = TestImage::push(&lab, 1, 4_096);
    let name = image.reference_at(REGISTRY);
    let definition = task(&[("app", &name, Some(&lab.secret("taskpull/registry-one")))]).to_string();
    let output = built.run(&["pull", "-"], &definition);
    assert!(output.status.success(), "{output:?}");
    assert!(lab.has_image(&name));
    lab.remove_image(&name);
    assert_compose_runs_the_agent(&built, &name, &definition);
    lab.remove_image(&name);
}

/// The settings that the test adds to the Compose file: an access key and a short health check interval.
const COMPOSE_OVERRIDE: &str = "version: '3.8'\nservices: {taskpull: {environment: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY], \
                      healthcheck: {interval: 1s}}}\n";

/// Checks that the agent becomes healthy, pulls the image of its folder and exits with code 0 when
/// stopped. An unwritable state folder or an invalid setting would be exit code 6.
fn assert_compose_runs_the_agent(built: &Image<'_>, image: &str, definition: &str) {
    let (lab, socket) = (built.lab, built.lab.engine_socket());
    let (project, folder) = (format!("taskpull-lab-{}", std::process::id()), tempfile::tempdir().unwrap());
    let (definitions, override_file) = (folder.path().join("definitions"), folder.path().join("tested.yaml"));
    fs::create_dir(&definitions).unwrap();
    fs::write(definitions.join("web.json"), definition).unwrap();
    fs::write(&override_file, COMPOSE_OVERRIDE).unwrap();
    let compose = |arguments: &[&str]| {
        // The test uses Docker's Compose plugin, or the standalone program.
        let which = "docker compose version >/dev/null 2>&1 && exec docker compose \"$@\"; exec docker-compose \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", which, "compose", "--project-name", &project, "--file"]);
        command.arg(root().join("packaging/compose/compose.yaml")).arg("--file").arg(&override_file).args(arguments);
        command.envs(&lab.env).env("TASKPULL_IMAGE", &built.name);
        command.env("DOCKER_SOCKET", &socket).env("TASKPULL_FOLDER", &definitions);
        command.env("DOCKER_GROUP", fs::metadata(&socket).unwrap().gid().to_string()).output().unwrap()
    };
    let up = compose(&["up", "--detach"]);
    let container = lab.docker(&["ps", "--quiet", "--filter", &format!("label=com.docker.compose.project={project}")]);
    let health = || lab.docker(&["inspect", "--format", "{{.State.Health.Status}}", container.trim()]);
    wait_until("the agent is healthy", || health() == "healthy\n");
    wait_until("the agent pulls the image of its folder", || lab.has_image(image));
    let volume = format!("{project}_socket:/run/taskpull");
    let status = lab.docker(&["run", "--rm", "--user", "0", "--volume", &volume, &built.name, "status"]);
    compose(&["stop"]);
    let code = lab.docker(&["inspect", "--format", "{{.State.ExitCode}}", container.trim()]);
    let (logs, down) = (compose(&["logs"]), compose(&["down", "--volumes"]));
    assert!(up.status.success(), "{up:?} {logs:?} {down:?}");
    assert_eq!(code.trim(), "0", "{logs:?}");
    assert!(status.contains(" succeeded "), "root of another container sees the result: {status} {logs:?}");
    assert!(!String::from_utf8_lossy(&logs.stdout).contains("warning"), "{logs:?}");
}

#[test]
fn dockerfile_names_no_architecture_and_uses_the_project_rust_version() {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap();
    let (text, toolchain) = (read("Dockerfile"), read("rust-toolchain.toml"));
    let channel = toolchain.split("channel = \"").nth(1).unwrap().split('"').next().unwrap();
    let minor = channel.rsplit_once('.').unwrap().0;
    assert!(text.contains(&format!("ARG BUILD_IMAGE=docker.io/library/rust:{minor}-bookworm\n")), "{channel}");
    let instructions: String = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    for name in ["amd64", "arm64", "x86_64", "aarch64"] {
        assert!(!instructions.contains(name), "{name}");
    }
}
