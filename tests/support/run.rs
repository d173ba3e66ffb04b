//! Runs of the program under test.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A run with a clean environment: no variable of the test process is inherited.
pub struct Run {
    command: Command,
    stdin: Vec<u8>,
}

impl Run {
    pub fn new<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        arguments.into_iter().fold(Self::program(env!("CARGO_BIN_EXE_taskpull")), Self::arg)
    }

    /// A run of another program: one that executes this one, or that reads the same state.
    pub fn program(name: &str) -> Self {
        let mut command = Command::new(name);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("AWS_EC2_METADATA_DISABLED", "true");
        // The tests stop engines that do not come back, so do not wait long for one.
        command.env("TASKPULL_ENGINE_RESTART_TIMEOUT", "1s");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command, stdin: Vec::new() }
    }

    /// `taskpull pull --output json -`, with this task definition on stdin.
    pub fn pull(definition: &impl ToString) -> Self {
        Self::new(["pull", "--output", "json", "-"]).stdin(definition.to_string())
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn envs<S: AsRef<OsStr>>(mut self, variables: impl IntoIterator<Item = (&'static str, S)>) -> Self {
        self.command.envs(variables);
        self
    }

    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// Starts the program, and closes its stdin after the input.
    pub fn start(mut self) -> Child {
        let mut child = self.command.spawn().expect("the program starts");
        // A program that rejects its arguments does not read stdin: ignore the broken pipe.
        let _ = child.stdin.take().expect("a pipe").write_all(&self.stdin);
        child
    }

    /// Starts the program with stdin open, so that the test can write to it.
    pub fn start_with_open_stdin(mut self) -> Child {
        self.command.spawn().expect("the program starts")
    }

    /// Runs the program to its end.
    pub fn output(self) -> RunOutput {
        RunOutput::wait_for(self.start())
    }
}

/// Exit code (-1 after a signal) and output of a run.
#[derive(Debug)]
pub struct RunOutput {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl RunOutput {
    pub fn wait_for(child: Child) -> Self {
        let output = child.wait_with_output().expect("the program ends");
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// The report of `--output json`.
    pub fn report(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A container of the first task, by index.
    pub fn container(&self, index: usize) -> Value {
        self.report()["tasks"][0]["containers"][index].clone()
    }

    /// The only warning of the report with this id.
    pub fn warning(&self, id: &str) -> Value {
        let warnings = self.report()["warnings"].as_array().cloned().unwrap_or_default();
        let mut found: Vec<_> = warnings.into_iter().filter(|warning| warning["id"] == id).collect();
        assert_eq!(found.len(), 1, "{id}: {self:?}");
        found.remove(0)
    }

    /// `link class` of a container's failure, such as `secret absent`; `none none` if it did not fail.
    pub fn failure(&self, index: usize) -> String {
        let failure = &self.container(index)["failure"];
        let text = |key: &str| failure[key].as_str().unwrap_or("none").to_owned();
        format!("{} {}", text("link"), text("class"))
    }
}

/// `taskpull pull --dry-run --output json -`, with this text on stdin.
pub fn dry_run(text: impl Into<Vec<u8>>) -> RunOutput {
    Run::new(["pull", "--dry-run", "--output", "json", "-"]).stdin(text).output()
}
