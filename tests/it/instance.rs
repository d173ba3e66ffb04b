//! A host with credentials of its own, for the tests at the wire.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::run::Run;
use crate::task::World;

/// A world whose host has a Docker config and credential helpers in a folder.
pub struct HostLoginWorld {
    pub world: World,
    pub folder: TempDir,
}

impl HostLoginWorld {
    pub fn new() -> Self {
        Self { world: World::new(), folder: tempfile::tempdir().unwrap() }
    }

    /// Writes the Docker config that a run is told to use.
    pub fn config(&self, config: &Value) {
        fs::write(self.folder.path().join("config.json"), config.to_string()).unwrap();
    }

    /// Puts `docker-credential-<name>` into the runs' PATH: these lines of shell.
    pub fn helper(&self, name: &str, lines: &str) {
        let path = self.folder.path().join(format!("docker-credential-{name}"));
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A run on this host.
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

/// What Docker writes as `auth`.
pub fn docker_auth(username: &str, password: &str) -> String {
    STANDARD.encode(format!("{username}:{password}"))
}

/// Shell that answers with this login, as a helper does.
pub fn helper_script(username: &str, secret: &str) -> String {
    let answer = json!({ "ServerURL": "https://whatever.example", "Username": username, "Secret": secret });
    format!("cat <<'END'\n{answer}\nEND")
}

/// Shell that has no login, as a helper says it.
pub fn helper_without_login() -> String {
    "echo 'credentials not found in native keychain'\nexit 1".to_owned()
}
