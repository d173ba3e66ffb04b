//! An agent whose metrics, audit log and trace-level log are observed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::run::RunOutput;
use super::agent::Agent;
use super::agent_home::AgentHome;
use super::pull_world::World;

/// The state of an agent before its start.
pub struct AgentSetup {
    home: AgentHome,
    request_count: usize,
}

/// A running agent with metrics and an audit log.
pub struct ObservedAgent {
    pub agent: Agent,
    home: AgentHome,
    /// `HOST:PORT` of the metrics listener.
    address: String,
}

/// What an agent has left behind after its regular end.
pub struct StoppedAgent {
    /// The entries of the audit log.
    pub audit: Vec<Value>,
    pub log: String,
    pub home: AgentHome,
}

impl AgentSetup {
    pub fn new() -> Self {
        let home = AgentHome::new();
        fs::create_dir_all(home.state().join("requests")).unwrap();
        fs::create_dir(home.path("audit")).unwrap();
        Self { home, request_count: 0 }
    }

    /// Writes a request into the agent's state, as if it had been accepted before a restart.
    pub fn request(mut self, definition: &Value) -> Self {
        let id = format!("019c13a1b2c3{:08x}", self.request_count);
        self.request_count += 1;
        let record = json!({
            "version": 1, "id": id, "accepted": "2026-01-31T12:00:00.000Z", "source": "web.json",
            "definition": definition.to_string(), "submittedBy": { "from": "peer", "uid": 7, "gid": 8 },
        });
        fs::write(self.home.state().join(format!("requests/{id}.json")), record.to_string()).unwrap();
        self
    }

    /// The folder of the audit log.
    pub fn audit(&self) -> PathBuf {
        self.home.path("audit")
    }

    pub fn start(self, world: &World) -> ObservedAgent {
        self.start_wrapped(world, &[])
    }

    /// Starts the agent, executed by a command prefix.
    pub fn start_wrapped(self, world: &World, prefix: &[String]) -> ObservedAgent {
        let run = world.configure(self.home.serve_wrapped(prefix)).env("TASKPULL_AUDIT", self.audit().join("trail"));
        let run = run.env("TASKPULL_METRICS_LISTEN", "127.0.0.1:0").env("RUST_LOG", "trace");
        let agent = Agent::from_run(run, &self.home);
        let message = "serving metrics at http://";
        agent.wait_for_log(message);
        let address = agent.log_lines(message)[0].replace(message, "").replace("/metrics", "");
        ObservedAgent { agent, home: self.home, address }
    }
}

impl ObservedAgent {
    /// Sends a request line to the metrics listener, and returns head and body of the response.
    pub fn send(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    /// The metrics in the Prometheus text format.
    pub fn metrics(&self) -> String {
        let response = self.send("GET /metrics");
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        body.to_owned()
    }

    /// Waits until the metrics contain a line, and returns them.
    pub fn metrics_with(&self, line: &str) -> String {
        let started = Instant::now();
        loop {
            let metrics = self.metrics();
            if metrics.lines().any(|found| found == line) {
                return metrics;
            }
            assert!(started.elapsed() < Duration::from_mins(1), "no `{line}`: {metrics}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The path by which this process sees a path of the agent's mount namespace.
    pub fn path_in_agent(&self, path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.agent.id())).join(path.strip_prefix("/").unwrap())
    }

    /// Terminates the agent, which must succeed.
    pub fn stop(self) -> StoppedAgent {
        let RunOutput { code, stderr: log, .. } = self.agent.terminate();
        assert_eq!(code, 0, "{log}");
        let audit = fs::read_to_string(self.home.path("audit/trail")).unwrap_or_default();
        StoppedAgent { audit: audit_lines(&audit), log, home: self.home }
    }
}

/// Parses the entries of an audit log.
pub fn audit_lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
