//! The Docker CLI, Docker Compose and skopeo with `docker-credential-taskpull`, on the lab's
//! engine and registries.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{Lab, LabEngine, REGISTRY, TestImage, login};

/// A user of the helper, with a Docker config and a PATH whose folder name contains a space.
struct User {
    lab: Lab,
    folder: TempDir,
}

impl User {
    /// Creates a user with this Docker config.
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

    /// Configures the secret that the helper reads for `REGISTRY`.
    fn map(&self, secret: &str) {
        let text = format!("[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{secret}\"\n");
        fs::write(self.path("taskpull.toml"), text).unwrap();
    }

    /// Runs a program as this user, without a home folder.
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

    /// Inspects the image with skopeo, which reads only `credHelpers` and `auths` of a Docker config.
    fn skopeo(&self, image: &str) -> RunOutput {
        let (image, config) = (format!("docker://{image}"), self.path("config.json"));
        let arguments = ["inspect", "--tls-verify=false", "--authfile", config.to_str().unwrap(), &image];
        self.run("skopeo", &arguments, String::new())
    }
}

#[test]
fn docker_compose_and_skopeo_get_the_login_or_the_error() {
    assert_login_or_error(
        &json!({ "credHelpers": { REGISTRY: "taskpull" } }),
        &[User::docker, User::compose, User::skopeo],
    );
}

#[test]
fn docker_and_compose_work_with_taskpull_as_credential_store() {
    assert_login_or_error(&json!({ "credsStore": "taskpull" }), &[User::docker, User::compose]);
}

/// Checks that each program pulls with the login, and prints the failure when there is none.
fn assert_login_or_error(config: &Value, programs: &[fn(&User, &str) -> RunOutput]) {
    let user = User::new(config);
    let lab = &user.lab;
    let image = TestImage::push(lab, 1, 4_096);
    let (image, digest) = (image.reference_at(REGISTRY), &image.digest);
    for program in programs {
        let ended = program(&user, &image);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.stdout.contains(digest) || lab.has_image(&image), "{ended:?}");
    }

    // Without a login the image is not pulled, and the program prints the cause.
    let wrong = lab.create_secret(&format!("front-door-{}", programs.len()), &login("puller-one", "not the password"));
    for (secret, message) in [("taskpull/not-there", "secret (absent): secret taskpull/not-there"), (&wrong.name, "")] {
        user.map(secret);
        for program in programs {
            let ended = program(&user, &image);
            assert_ne!(ended.code, 0, "{ended:?}");
            assert!(ended.stderr.contains(message) && !lab.has_image(&image), "{ended:?}");
        }
    }
    assert_eq!(fs::read_to_string(user.path("config.json")).unwrap(), config.to_string(), "no login was written");
}

#[test]
fn printed_password_works_with_docker_login() {
    let user = User::new(&json!({}));
    let printed = user.run(env!("CARGO_BIN_EXE_taskpull"), &["login-password", "--registry", REGISTRY], String::new());
    assert_eq!((printed.code, &*printed.stderr), (0, ""));
    let arguments = ["login", "--username", "puller-one", "--password-stdin", REGISTRY];
    let ended = user.run("docker", &arguments, printed.stdout);
    assert_eq!(ended.code, 0, "{ended:?}");
}
