//! A running agent that is watched: its metrics are read, its audit trail lies in a folder.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::run::Run;
use crate::task::World;

/// What an agent is given until it is started.
pub struct Prepared {
    folder: TempDir,
    count: usize,
}

/// An agent that runs.
pub struct Watched {
    folder: TempDir,
    child: Child,
    address: String,
    stderr: Receiver<String>,
}

impl Prepared {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("state/requests")).unwrap();
        fs::create_dir(folder.path().join("audit")).unwrap();
        Self { folder, count: 0 }
    }

    /// Puts a request into the agent's state, as if it had been accepted before a restart.
    pub fn request(mut self, definition: &Value) -> Self {
        let id = format!("019c13a1b2c3{:08x}", self.count);
        self.count += 1;
        let record = json!({
            "version": 1, "id": id, "accepted": "2026-01-31T12:00:00.000Z", "source": "web.json",
            "definition": definition.to_string(), "by": { "from": "peer", "uid": 7, "gid": 8 },
        });
        fs::write(self.folder.path().join(format!("state/requests/{id}.json")), record.to_string()).unwrap();
        self
    }

    /// The folder of the audit trail.
    pub fn audit(&self) -> PathBuf {
        self.folder.path().join("audit")
    }

    pub fn start(self, world: &World) -> Watched {
        self.start_behind(world, &[])
    }

    /// The same, behind a program that becomes it.
    pub fn start_behind(self, world: &World, before: &[String]) -> Watched {
        let program = [env!("CARGO_BIN_EXE_taskpull"), "serve"].map(str::to_owned);
        let line = [before, &program].concat();
        let run = line[1..].iter().fold(Run::program(&line[0]), Run::arg);
        let run = run.env("TASKPULL_STATE_FOLDER", self.folder.path().join("state"));
        let run = run.env("TASKPULL_SOCKET", self.folder.path().join("socket"));
        let run = run.env("TASKPULL_METRICS_LISTEN", "127.0.0.1:0").env("RUST_LOG", "trace");
        let run = run.env("TASKPULL_AUDIT", self.audit().join("trail"));
        let mut child = world.set(run).start();
        let (lines, stderr) = mpsc::channel();
        let told = BufReader::new(child.stderr.take().unwrap());
        #[expect(clippy::disallowed_methods, reason = "it ends with the agent, whose stderr it reads")]
        thread::spawn(move || told.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        let mut seen = String::new();
        let address = loop {
            let Ok(line) = stderr.recv_timeout(Duration::from_secs(30)) else { panic!("no metrics: {seen}") };
            if let Some(rest) = line.strip_prefix("the metrics are at http://") {
                break rest.strip_suffix("/metrics").unwrap().to_owned();
            }
            seen = format!("{seen}{line}\n");
        };
        Watched { folder: self.folder, child, address, stderr }
    }
}

impl Watched {
    /// An answer of the listener's, head and body.
    pub fn ask(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The metrics.
    pub fn metrics(&self) -> String {
        let answer = self.ask("GET /metrics");
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

    pub fn hang_up(&self) {
        self.signal("HUP");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// A place as the agent sees it.
    pub fn seen(&self, path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.child.id())).join(path.strip_prefix("/").unwrap())
    }

    /// Waits for a line on its stderr.
    pub fn told(&self, part: &str) {
        while !self.stderr.recv_timeout(Duration::from_secs(30)).expect("it says so").contains(part) {}
    }

    /// Ends it; the lines of its audit trail, and what it has left on stderr and in its folder.
    pub fn end(mut self) -> (Vec<Value>, String, TempDir) {
        self.signal("TERM");
        assert!(self.child.wait().unwrap().success());
        let stderr = self.stderr.iter().collect::<Vec<_>>().join("\n");
        let trail = fs::read_to_string(self.folder.path().join("audit/trail")).unwrap_or_default();
        (lines(&trail), stderr, self.folder)
    }
}

/// The lines of a trail.
pub fn lines(trail: &str) -> Vec<Value> {
    trail.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
