//! Docker's command line, Docker Compose and skopeo with `docker-credential-taskpull`, on the
//! lab's engine and registries.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{Lab, LabEngine, REGISTRY, TestImage, login};

/// Whoever uses the helper: a Docker config, and a PATH that has it, in a folder with a space.
struct User {
    lab: Lab,
    folder: TempDir,
}

impl User {
    /// With a Docker config that names the helper in this way.
    fn new(config: &Value) -> Self {
        let user = Self { lab: Lab::with(LabEngine::Docker), folder: tempfile::tempdir().unwrap() };
        fs::create_dir(user.path("with a space")).unwrap();
        symlink(env!("CARGO_BIN_EXE_taskpull"), user.path("with a space/docker-credential-taskpull")).unwrap();
        fs::write(user.path("config.json"), config.to_string()).unwrap();
        user.map("taskpull/registry-one");
        user
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The secret that the helper reads for `REGISTRY`.
    fn map(&self, secret: &str) {
        let text = format!("[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{secret}\"\n");
        fs::write(self.path("taskpull.toml"), text).unwrap();
    }

    /// Runs a program as that user, who has no home.
    fn run(&self, program: &str, arguments: &[&str], stdin: String) -> RunOutput {
        let run = arguments.iter().fold(Run::program(program), Run::arg).stdin(stdin);
        let run = self.lab.configure(run).env("PATH", format!("{}:/usr/bin:/bin", self.path("with a space").display()));
        run.env("DOCKER_CONFIG", self.folder.path()).env("TASKPULL_CONFIG", self.path("taskpull.toml")).output()
    }

    fn docker(&self, image: &str) -> RunOutput {
        self.lab.remove_image(image);
        self.run("docker", &["pull", "--quiet", image], String::new())
    }

    fn compose(&self, image: &str) -> RunOutput {
        self.lab.remove_image(image);
        let services = json!({ "version": "3", "services": { "app": { "image": image } } });
        self.run("docker-compose", &["--file", "-", "pull"], services.to_string())
    }

    /// It reads no more of a Docker config than its `credHelpers` and `auths`.
    fn skopeo(&self, image: &str) -> RunOutput {
        let (image, config) = (format!("docker://{image}"), self.path("config.json"));
        let arguments = ["inspect", "--tls-verify=false", "--authfile", config.to_str().unwrap(), &image];
        self.run("skopeo", &arguments, String::new())
    }
}

#[test]
fn docker_compose_and_skopeo_are_given_the_login_or_the_reason() {
    are_given_the_login_or_the_reason(
        &json!({ "credHelpers": { REGISTRY: "taskpull" } }),
        &[User::docker, User::compose, User::skopeo],
    );
}

#[test]
fn docker_and_compose_ask_it_for_every_registry_where_it_is_the_store() {
    are_given_the_login_or_the_reason(&json!({ "credsStore": "taskpull" }), &[User::docker, User::compose]);
}

fn are_given_the_login_or_the_reason(config: &Value, programs: &[fn(&User, &str) -> RunOutput]) {
    let user = User::new(config);
    let lab = &user.lab;
    let image = TestImage::push(lab, 1, 4_096);
    let (image, digest) = (image.reference_at(REGISTRY), &image.digest);
    for program in programs {
        let ended = program(&user, &image);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.stdout.contains(digest) || lab.has_image(&image), "{ended:?}");
    }

    // What has no login does not come, and whoever asked hears why.
    let wrong = lab.create_secret(&format!("front-door-{}", programs.len()), &login("puller-one", "not the password"));
    for (secret, said) in [("taskpull/not-there", "secret (absent): secret taskpull/not-there"), (&wrong.name, "")] {
        user.map(secret);
        for program in programs {
            let ended = program(&user, &image);
            assert_ne!(ended.code, 0, "{ended:?}");
            assert!(ended.stderr.contains(said) && !lab.has_image(&image), "{ended:?}");
        }
    }
    assert_eq!(fs::read_to_string(user.path("config.json")).unwrap(), config.to_string(), "no login was written");
}

#[test]
fn a_password_goes_through_a_pipe_to_docker_login() {
    let user = User::new(&json!({}));
    let printed = user.run(env!("CARGO_BIN_EXE_taskpull"), &["login-password", "--registry", REGISTRY], String::new());
    assert_eq!((printed.code, &*printed.stderr), (0, ""));
    let arguments = ["login", "--username", "puller-one", "--password-stdin", REGISTRY];
    let ended = user.run("docker", &arguments, printed.stdout);
    assert_eq!(ended.code, 0, "{ended:?}");
}
