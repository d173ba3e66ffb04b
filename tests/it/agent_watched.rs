//! A running agent that is watched: its metrics are read, its audit trail lies in a folder.

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

/// What an agent is given until it is started.
pub struct AgentSetup {
    home: AgentHome,
    count: usize,
}

/// An agent that runs.
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

    /// Puts a request into the agent's state, as if it had been accepted before a restart.
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

    /// The folder of the audit trail.
    pub fn audit(&self) -> PathBuf {
        self.home.path("audit")
    }

    pub fn start(self, world: &World) -> ObservedAgent {
        self.start_wrapped(world, &[])
    }

    /// The same, behind a program that becomes it.
    pub fn start_wrapped(self, world: &World, before: &[String]) -> ObservedAgent {
        let run = world.configure(self.home.serve_wrapped(before)).env("TASKPULL_AUDIT", self.audit().join("trail"));
        let run = run.env("TASKPULL_METRICS_LISTEN", "127.0.0.1:0").env("RUST_LOG", "trace");
        let agent = Agent::from_run(run, &self.home);
        let said = "the metrics are at http://";
        agent.wait_for_log(said);
        let address = agent.log_lines(said)[0].replace(said, "").replace("/metrics", "");
        ObservedAgent { agent, home: self.home, address }
    }
}

impl ObservedAgent {
    /// An answer of the listener's, head and body.
    pub fn send(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The metrics.
    pub fn metrics(&self) -> String {
        let answer = self.send("GET /metrics");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        body.to_owned()
    }

    /// The metrics, once they have this line.
    pub fn metrics_with(&self, line: &str) -> String {
        let begun = Instant::now();
        loop {
            let text = self.metrics();
            if text.lines().any(|found| found == line) {
                return text;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "no `{line}`: {text}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A place as the agent sees it.
    pub fn seen(&self, path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.agent.id())).join(path.strip_prefix("/").unwrap())
    }

    /// Ends it; the lines of its audit trail, what it has said, and what it has left.
    pub fn stop(self) -> (Vec<Value>, String, AgentHome) {
        let RunOutput { code, stderr, .. } = self.agent.terminate();
        assert_eq!(code, 0, "{stderr}");
        let trail = fs::read_to_string(self.home.path("audit/trail")).unwrap_or_default();
        (audit_lines(&trail), stderr, self.home)
    }
}

/// The lines of a trail.
pub fn audit_lines(trail: &str) -> Vec<Value> {
    trail.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
