//! An agent of a test's own, and the clients that it is asked by.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::run::{Run, RunOutput};
use crate::task::World;

/// A folder for the socket and the state, which outlives each of its agents. Everybody may
/// look into it, so that the socket's own mode decides.
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

    /// `taskpull serve` here.
    pub fn serve(&self, world: &World) -> Run {
        world.configure(self.serve_wrapped::<&str>(&[]))
    }

    /// The same in no world, behind a program that becomes it.
    pub fn serve_wrapped<S: AsRef<str>>(&self, before: &[S]) -> Run {
        let before = before.iter().map(AsRef::as_ref);
        let words: Vec<_> = before.chain([env!("CARGO_BIN_EXE_taskpull"), "serve"]).collect();
        let run = words[1..].iter().fold(Run::program(words[0]), Run::arg);
        run.arg("--socket").arg(self.socket()).arg("--state-folder").arg(self.state())
    }

    /// A command that asks the agent here.
    pub fn command(&self, words: &[&str]) -> Run {
        Run::new(words).arg("--socket").arg(self.socket())
    }
}

/// A running agent; it is killed with this.
pub struct Agent {
    process: Option<(Child, JoinHandle<()>)>,
    socket: PathBuf,
    log: Arc<Mutex<Vec<String>>>,
}

impl Agent {
    /// Runs until it answers.
    pub fn start(home: &AgentHome, world: &World) -> Self {
        Self::from_run(home.serve(world), home)
    }

    pub fn from_run(run: Run, home: &AgentHome) -> Self {
        let (mut child, log) = (run.start(), Arc::<Mutex<Vec<String>>>::default());
        let (stderr, heard) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&log));
        let listen = move || stderr.lines().map_while(Result::ok).for_each(|line| heard.lock().unwrap().push(line));
        #[expect(clippy::disallowed_methods, reason = "it ends with the agent, whose stderr it reads")]
        let listening = thread::spawn(listen);
        let mut agent = Self { process: Some((child, listening)), socket: home.socket(), log };
        let begun = Instant::now();
        while UnixStream::connect(&agent.socket).is_err() {
            let has_ended = agent.process.as_mut().unwrap().0.try_wait().unwrap().is_some();
            assert!(!has_ended, "{:?}", agent.ended_by_itself());
            assert!(begun.elapsed() < Duration::from_mins(1), "no agent after a minute: {:?}", agent.log_lines(""));
            thread::sleep(Duration::from_millis(5));
        }
        // The socket is there a moment before it is listened on, and signals are too.
        assert_eq!(agent.get("/v1/health").status, 200);
        agent
    }

    pub fn connect(&self) -> UnixStream {
        connect(&self.socket)
    }

    pub fn get(&self, path: &str) -> ApiResponse {
        self.send("GET", path, &[], "")
    }

    pub fn submit(&self, definition: &Value) -> ApiResponse {
        self.send("POST", "/v1/pulls", &[("Content-Type", "application/json")], &definition.to_string())
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> ApiResponse {
        let mut stream = self.connect();
        stream.write_all(&http_request(method, path, headers, body)).unwrap();
        ApiResponse::read(stream)
    }

    /// What a request says once it has ended.
    pub fn wait_for_end(&self, id: &str) -> Value {
        for _ in 0..6_000 {
            let view = self.get(&format!("/v1/pulls/{id}")).json();
            if view["ended"].is_string() {
                return view;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("request {id} has not ended after a minute");
    }

    /// Ends it without a word.
    pub fn kill(mut self) {
        self.kill_process();
    }

    /// SIGTERM, and what it had said by its end.
    pub fn terminate(mut self) -> RunOutput {
        self.signal(Signal::TERM);
        self.ended_by_itself()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process.as_ref().unwrap().0), signal).unwrap();
    }

    pub fn id(&self) -> u32 {
        self.process.as_ref().unwrap().0.id()
    }

    /// The lines that it has said so far with this in them.
    pub fn log_lines(&self, with: &str) -> Vec<String> {
        self.log.lock().unwrap().iter().filter(|line| line.contains(with)).cloned().collect()
    }

    /// Waits until it says so.
    pub fn wait_for_log(&self, with: &str) {
        self.wait_until(with, || !self.log_lines(with).is_empty());
    }

    /// Waits until something is so; a test that waits for nothing fails in the end.
    pub fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let latest = Instant::now() + Duration::from_mins(1);
        while !is_so() {
            assert!(Instant::now() < latest, "{what}\n{}", self.log_lines("").join("\n"));
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn ended_by_itself(&mut self) -> RunOutput {
        let (child, listening) = self.process.take().unwrap();
        let ended = RunOutput::wait_for(child);
        listening.join().unwrap();
        RunOutput { stderr: self.log_lines("").join("\n"), ..ended }
    }

    fn kill_process(&mut self) {
        if let Some((mut child, listening)) = self.process.take() {
            let _ = child.kill();
            let _ = child.wait();
            let _ = listening.join();
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill_process();
    }
}

pub fn connect(socket: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

/// A whole request, after which the connection ends.
pub fn http_request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
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
pub struct ApiResponse {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl ApiResponse {
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
    pub fn problem_type(&self) -> String {
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
