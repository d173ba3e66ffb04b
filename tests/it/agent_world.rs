//! An agent of a test's own, and the clients that it is asked by.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::run::{Ended, Run};
use crate::task::World;

/// A folder for the socket and the state, which outlives each of its agents. Everybody may
/// look into it, so that the socket's own mode decides.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    pub fn socket(&self) -> PathBuf {
        self.0.path().join("taskpull.sock")
    }

    pub fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    /// `taskpull serve` here.
    pub fn serve(&self, world: &World) -> Run {
        let places = [self.socket(), self.state()].map(|path| path.display().to_string());
        let [socket, state] = &places;
        world.set(Run::new(["serve", "--socket", socket, "--state-folder", state]))
    }

    /// A command that asks the agent here.
    pub fn command(&self, words: &[&str]) -> Run {
        Run::new(words).arg("--socket").arg(self.socket())
    }
}

/// A running agent; it is killed with this.
pub struct Agent {
    child: Option<Child>,
    socket: PathBuf,
}

impl Agent {
    /// Runs until it answers.
    pub fn start(home: &Home, world: &World) -> Self {
        Self::of(home.serve(world), home)
    }

    pub fn of(run: Run, home: &Home) -> Self {
        let mut agent = Self { child: Some(run.start()), socket: home.socket() };
        let begun = Instant::now();
        while UnixStream::connect(&agent.socket).is_err() {
            let has_ended = agent.child.as_mut().unwrap().try_wait().unwrap().is_some();
            assert!(!has_ended, "{:?}", Ended::of(agent.child.take().unwrap()));
            assert!(begun.elapsed() < Duration::from_mins(1), "no agent after a minute");
            std::thread::sleep(Duration::from_millis(5));
        }
        // The socket is there a moment before it is listened on, and signals are too.
        assert_eq!(agent.get("/v1/health").status, 200);
        agent
    }

    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub fn connect(&self) -> UnixStream {
        connect(&self.socket)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    pub fn submit(&self, definition: &Value) -> Answer {
        self.ask("POST", "/v1/pulls", &[("Content-Type", "application/json")], &definition.to_string())
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(&request(method, path, headers, body)).unwrap();
        Answer::read(stream)
    }

    /// What a request says once it has ended.
    pub fn ended(&self, id: &str) -> Value {
        for _ in 0..6_000 {
            let view = self.get(&format!("/v1/pulls/{id}")).json();
            if view["ended"].is_string() {
                return view;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("request {id} has not ended after a minute");
    }

    /// Ends it without a word.
    pub fn kill(mut self) {
        self.end();
    }

    /// SIGTERM, and what it had said by its end.
    pub fn terminate(mut self) -> Ended {
        self.signal(Signal::TERM);
        Ended::of(self.child.take().unwrap())
    }

    pub fn signal(&self, signal: Signal) {
        let id = Pid::from_child(self.child.as_ref().unwrap());
        kill_process(id, signal).unwrap();
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.end();
    }
}

pub fn connect(socket: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

/// A whole request, after which the connection ends.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        text += "Host: localhost\r\n";
    }
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    format!("{text}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// Reads to the end of the connection.
    pub fn read(mut stream: impl Read) -> Self {
        let mut all = Vec::new();
        // A connection that breaks behind an answer has given it.
        let _ = stream.read_to_end(&mut all);
        Self::parse(&String::from_utf8(all).unwrap())
    }

    pub fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let is_chunked = head.contains("transfer-encoding: chunked");
        let body = if is_chunked { without_chunks(body) } else { body.to_owned() };
        Self { status, head: head.to_owned(), body }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The word of a problem.
    pub fn problem(&self) -> String {
        assert!(self.head.contains("content-type: application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        problem["type"].as_str().unwrap().strip_prefix("urn:taskpull:problem:").unwrap().to_owned()
    }

    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }

    pub fn lines(&self) -> Vec<Value> {
        self.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn without_chunks(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        whole += &rest[..length];
        body = &rest[(length + 2).min(rest.len())..];
        if length == 0 {
            break;
        }
    }
    whole
}
