//! A running agent, and requests to it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::super::run::{Run, RunOutput};
use super::agent_home::AgentHome;
use super::api_response::ApiResponse;
use super::pull_world::World;

/// A running agent, which is killed when this value is dropped.
pub struct Agent {
    process: Option<AgentProcess>,
    socket: PathBuf,
    log: Arc<Mutex<Vec<String>>>,
}

struct AgentProcess {
    child: Child,
    /// Copies stderr to the log until the agent ends.
    log_reader: JoinHandle<()>,
}

impl Agent {
    /// Starts an agent, and waits until it answers.
    pub fn start(home: &AgentHome, world: &World) -> Self {
        Self::from_run(home.serve(world), home)
    }

    /// Starts the agent of this run, and waits until it answers.
    pub fn from_run(run: Run, home: &AgentHome) -> Self {
        let (mut child, log) = (run.start(), Arc::<Mutex<Vec<String>>>::default());
        let (stderr, lines) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&log));
        let read = move || stderr.lines().map_while(Result::ok).for_each(|line| lines.lock().unwrap().push(line));
        #[expect(clippy::disallowed_methods, reason = "the thread ends with the agent, whose stderr it reads")]
        let log_reader = thread::spawn(read);
        let mut agent = Self { process: Some(AgentProcess { child, log_reader }), socket: home.socket(), log };
        let started = Instant::now();
        while UnixStream::connect(&agent.socket).is_err() {
            let has_ended = agent.process.as_mut().unwrap().child.try_wait().unwrap().is_some();
            assert!(!has_ended, "{:?}", agent.wait_for_exit());
            assert!(started.elapsed() < Duration::from_mins(1), "no agent after a minute: {:?}", agent.log_lines(""));
            thread::sleep(Duration::from_millis(5));
        }
        // The socket exists before the agent accepts connections and handles signals.
        assert_eq!(agent.get("/v1/health").status, 200);
        agent
    }

    pub fn connect(&self) -> UnixStream {
        connect(&self.socket)
    }

    pub fn get(&self, path: &str) -> ApiResponse {
        self.send("GET", path, &[], "")
    }

    /// Submits a task definition.
    pub fn submit(&self, definition: &Value) -> ApiResponse {
        self.send("POST", "/v1/pulls", &[("Content-Type", "application/json")], &definition.to_string())
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> ApiResponse {
        let mut stream = self.connect();
        stream.write_all(&http_request(method, path, headers, body)).unwrap();
        ApiResponse::read(stream)
    }

    /// Waits until a pull request has ended, and returns it.
    pub fn wait_for_end(&self, id: &str) -> Value {
        for _ in 0..6_000 {
            let request = self.get(&format!("/v1/pulls/{id}")).json();
            if request["ended"].is_string() {
                return request;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("request {id} has not ended after a minute");
    }

    /// Kills the agent with SIGKILL.
    pub fn kill(mut self) {
        self.kill_process();
    }

    /// Sends SIGTERM, waits for the end, and returns the output with the whole log.
    pub fn terminate(mut self) -> RunOutput {
        self.signal(Signal::TERM);
        self.wait_for_exit()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process.as_ref().unwrap().child), signal).unwrap();
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.as_ref().unwrap().child.id()
    }

    /// The log lines so far that contain a text.
    pub fn log_lines(&self, text: &str) -> Vec<String> {
        self.log.lock().unwrap().iter().filter(|line| line.contains(text)).cloned().collect()
    }

    /// Waits until a log line contains a text.
    pub fn wait_for_log(&self, text: &str) {
        self.wait_until(text, || !self.log_lines(text).is_empty());
    }

    /// Waits until a condition holds, and fails after a minute.
    pub fn wait_until(&self, description: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !condition() {
            assert!(Instant::now() < deadline, "{description}\n{}", self.log_lines("").join("\n"));
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait_for_exit(&mut self) -> RunOutput {
        let AgentProcess { child, log_reader } = self.process.take().unwrap();
        let output = RunOutput::wait_for(child);
        log_reader.join().unwrap();
        RunOutput { stderr: self.log_lines("").join("\n"), ..output }
    }

    fn kill_process(&mut self) {
        if let Some(AgentProcess { mut child, log_reader }) = self.process.take() {
            let _ = child.kill();
            let _ = child.wait();
            let _ = log_reader.join();
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill_process();
    }
}

/// Connects to an agent's socket, with a read timeout of one minute.
pub fn connect(socket: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

/// A whole request, after which the server closes the connection.
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
