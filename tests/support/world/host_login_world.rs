//! A world whose host has logins: a Docker `config.json` and credential helpers.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::run::Run;
use super::pull_world::World;

/// A world whose host has a Docker `config.json` and credential helpers in a folder.
pub struct HostLoginWorld {
    pub world: World,
    pub folder: TempDir,
}

impl HostLoginWorld {
    pub fn new() -> Self {
        Self { world: World::new(), folder: tempfile::tempdir().unwrap() }
    }

    /// Writes the Docker `config.json` that runs in this world use.
    pub fn config(&self, config: &Value) {
        fs::write(self.folder.path().join("config.json"), config.to_string()).unwrap();
    }

    /// Adds a shell script `docker-credential-<name>` to the PATH of runs in this world.
    pub fn helper(&self, name: &str, script: &str) {
        let path = self.folder.path().join(format!("docker-credential-{name}"));
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Sets the environment by which a run finds this world and its logins.
    pub fn configure(&self, run: Run) -> Run {
        let run = self.world.configure(run).env("PATH", format!("{}:/usr/bin:/bin", self.folder.path().display()));
        let config = self.folder.path().join("config.json");
        if config.exists() { run.env("TASKPULL_DOCKER_CONFIG", config) } else { run }
    }

    /// `taskpull pull --output json -` on this host.
    pub fn pull(&self, definition: &Value) -> Run {
        self.configure(Run::pull(definition))
    }
}

/// The `auth` of an entry in Docker's `config.json`.
pub fn docker_auth(username: &str, password: &str) -> String {
    STANDARD.encode(format!("{username}:{password}"))
}

/// The script of a credential helper that returns this login.
pub fn helper_script(username: &str, secret: &str) -> String {
    let response = json!({ "ServerURL": "https://whatever.example", "Username": username, "Secret": secret });
    format!("cat <<'END'\n{response}\nEND")
}

/// The script of a credential helper that has no login.
pub fn helper_without_login() -> String {
    "echo 'credentials not found in native keychain'\nexit 1".to_owned()
}
