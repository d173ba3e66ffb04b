//! A running agent with a metrics listener and an audit log, for the tests of both.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agent_world::{Agent, AgentHome};
use crate::support::run::RunOutput;
use crate::task::World;

/// The state and the audit folder of an agent that has not been started.
pub struct AgentSetup {
    home: AgentHome,
    count: usize,
}

/// A running agent whose metrics and audit log the test can read.
pub struct ObservedAgent {
    pub agent: Agent,
    home: AgentHome,
    address: String,
}

impl AgentSetup {
    pub fn new() -> Self {
        let home = AgentHome::new();
        fs::create_dir_all(home.state().join("requests")).unwrap();
        fs::create_dir(home.path("audit")).unwrap();
        Self { home, count: 0 }
    }

    /// Stores a request in the state folder, as if the agent had accepted it before a restart.
    pub fn request(mut self, definition: &Value) -> Self {
        let id = format!("019c13a1b2c3{:08x}", self.count);
        self.count += 1;
        let record = json!({
            "version": 1, "id": id, "accepted": "2026-01-31T12:00:00.000Z", "source": "web.json",
            "definition": definition.to_string(), "submittedBy": { "from": "peer", "uid": 7, "gid": 8 },
        });
        fs::write(self.home.state().join(format!("requests/{id}.json")), record.to_string()).unwrap();
        self
    }

    /// The folder that contains the audit log.
    pub fn audit(&self) -> PathBuf {
        self.home.path("audit")
    }

    pub fn start(self, world: &World) -> ObservedAgent {
        self.start_wrapped(world, &[])
    }

    /// Like `start`, through the command `before`, which executes the agent.
    pub fn start_wrapped(self, world: &World, before: &[String]) -> ObservedAgent {
        let run = world.configure(self.home.serve_wrapped(before)).env("TASKPULL_AUDIT", self.audit().join("trail"));
        let run = run.env("TASKPULL_METRICS_LISTEN", "127.0.0.1:0").env("RUST_LOG", "trace");
        let agent = Agent::from_run(run, &self.home);
        let prefix = "the metrics are at http://";
        agent.wait_for_log(prefix);
        let address = agent.log_lines(prefix)[0].replace(prefix, "").replace("/metrics", "");
        ObservedAgent { agent, home: self.home, address }
    }
}

impl ObservedAgent {
    /// Sends a request to the metrics listener and returns the head and body of its answer.
    pub fn send(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Returns the body of `GET /metrics`.
    pub fn metrics(&self) -> String {
        let answer = self.send("GET /metrics");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        body.to_owned()
    }

    /// Waits until the metrics contain this line, and returns them.
    pub fn metrics_with(&self, line: &str) -> String {
        let started = Instant::now();
        loop {
            let text = self.metrics();
            if text.lines().any(|metric| metric == line) {
                return text;
            }
            assert!(started.elapsed() < Duration::from_mins(1), "no `{line}`: {text}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Translates a path in the agent's mount namespace into one that the test can open.
    pub fn seen(&self, path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.agent.id())).join(path.strip_prefix("/").unwrap())
    }

    /// Ends the agent. Returns the lines of its audit log, its stderr and its home.
    pub fn stop(self) -> (Vec<Value>, String, AgentHome) {
        let RunOutput { code, stderr, .. } = self.agent.terminate();
        assert_eq!(code, 0, "{stderr}");
        let trail = fs::read_to_string(self.home.path("audit/trail")).unwrap_or_default();
        (audit_lines(&trail), stderr, self.home)
    }
}

/// Parses the lines of an audit log.
pub fn audit_lines(trail: &str) -> Vec<Value> {
    trail.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
