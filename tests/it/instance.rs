//! A host with its own registry logins, for tests at the wire.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::run::Run;
use crate::task::World;

/// A world whose host has a Docker configuration and credential helpers in a folder.
pub struct HostLoginWorld {
    pub world: World,
    pub folder: TempDir,
}

impl HostLoginWorld {
    pub fn new() -> Self {
        Self { world: World::new(), folder: tempfile::tempdir().unwrap() }
    }

    /// Writes the Docker configuration that the runs use.
    pub fn config(&self, config: &Value) {
        fs::write(self.folder.path().join("config.json"), config.to_string()).unwrap();
    }

    /// Installs `docker-credential-<name>`, a shell script with these lines, in the PATH of the runs.
    pub fn helper(&self, name: &str, lines: &str) {
        let path = self.folder.path().join(format!("docker-credential-{name}"));
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Configures a run to use this host.
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

/// Returns the value that Docker writes as `auth`.
pub fn docker_auth(username: &str, password: &str) -> String {
    STANDARD.encode(format!("{username}:{password}"))
}

/// Returns the script of a helper that answers with this login.
pub fn helper_script(username: &str, secret: &str) -> String {
    let answer = json!({ "ServerURL": "https://whatever.example", "Username": username, "Secret": secret });
    format!("cat <<'END'\n{answer}\nEND")
}

/// Returns the script of a helper that has no login.
pub fn helper_without_login() -> String {
    "echo 'credentials not found in native keychain'\nexit 1".to_owned()
}
