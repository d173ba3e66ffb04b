//! The folder of an agent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use super::super::run::Run;
use super::pull_world::World;

/// A folder for the socket and the state of an agent, which outlives each run of the agent. All
/// users may enter it, so only the mode of the socket itself decides about access.
pub struct AgentHome(TempDir);

impl AgentHome {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn socket(&self) -> PathBuf {
        self.path("taskpull.sock")
    }

    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// A run of `taskpull serve` with this folder, in a world.
    pub fn serve(&self, world: &World) -> Run {
        world.configure(self.serve_wrapped::<&str>(&[]))
    }

    /// A run of `taskpull serve` with this folder, executed by a command prefix and in no world.
    pub fn serve_wrapped<S: AsRef<str>>(&self, prefix: &[S]) -> Run {
        let prefix = prefix.iter().map(AsRef::as_ref);
        let words: Vec<_> = prefix.chain([env!("CARGO_BIN_EXE_taskpull"), "serve"]).collect();
        let run = words[1..].iter().fold(Run::program(words[0]), Run::arg);
        run.arg("--socket").arg(self.socket()).arg("--state-folder").arg(self.state())
    }

    /// A run of a command that talks to the agent of this folder.
    pub fn command(&self, words: &[&str]) -> Run {
        Run::new(words).arg("--socket").arg(self.socket())
    }
}
