//! An agent with a watched folder.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use super::super::run::Run;
use super::agent::Agent;
use super::agent_home::AgentHome;
use super::definition::{open_container, task};
use super::pull_world::World;

/// An agent with a private watched folder, in its own world.
pub struct FolderAgent {
    pub world: World,
    home: AgentHome,
    agent: Option<Agent>,
}

impl FolderAgent {
    /// Creates the folder; the agent is not started yet.
    pub fn new() -> Self {
        let home = AgentHome::new();
        fs::create_dir(home.path("folder")).unwrap();
        Self { world: World::new(), home, agent: None }
    }

    pub fn folder(&self) -> PathBuf {
        self.home.path("folder")
    }

    /// The path of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The path of a file beside the folder, on the same file system.
    pub fn sibling_path(&self, name: &str) -> PathBuf {
        self.home.path(name)
    }

    /// Writes a task definition with one image into the folder.
    pub fn write(&self, name: &str, image: &str) {
        fs::write(self.path(name), task(&[open_container("app", image)]).to_string()).unwrap();
    }

    /// Starts the agent, which pulls the files again after `interval`.
    pub fn start(self, interval: &str) -> Self {
        self.start_wrapped(&[], interval)
    }

    /// Starts the agent, executed by a command prefix.
    pub fn start_wrapped(self, prefix: &[&str], interval: &str) -> Self {
        self.start_with(prefix, interval, |run| run)
    }

    /// Starts the agent, with changes to its run.
    pub fn start_with(mut self, prefix: &[&str], interval: &str, change: impl FnOnce(Run) -> Run) -> Self {
        let run = change(self.world.configure(self.home.serve_wrapped(prefix)).env("RUST_LOG", "debug"));
        let run = run.env("TASKPULL_FOLDER", self.folder()).env("TASKPULL_FOLDER_INTERVAL", interval);
        self.agent = Some(Agent::from_run(run, &self.home));
        self.wait_for_log("folder=");
        self
    }

    fn agent(&self) -> &Agent {
        self.agent.as_ref().expect("the agent was started")
    }

    pub fn id(&self) -> u32 {
        self.agent().id()
    }

    pub fn signal(&self, signal: Signal) {
        self.agent().signal(signal);
    }

    pub fn log_lines(&self, text: &str) -> Vec<String> {
        self.agent().log_lines(text)
    }

    pub fn wait_for_log(&self, text: &str) {
        self.agent().wait_for_log(text);
    }

    pub fn wait_until(&self, description: &str, condition: impl Fn() -> bool) {
        self.agent().wait_until(description, condition);
    }

    /// Waits until an image was pulled at least this number of times.
    pub fn wait_for_pulls(&self, image: &str, count: usize) {
        self.wait_until(&format!("{count} × {image}"), || self.world.engine.pull_count(image) >= count);
    }

    /// Adds a file and waits for its pull: the agent has then handled all earlier changes.
    pub fn pull_another(&self, name: &str) {
        let image = format!("registry.example/{name}:1");
        self.write(&format!("{name}.json"), &image);
        self.wait_for_pulls(&image, 1);
    }
}
