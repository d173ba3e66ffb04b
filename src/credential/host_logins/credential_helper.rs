//! Runs a Docker credential helper: `docker-credential-<name> get` as a child process.
//!
//! Only the helper's own answer that it has no login allows an anonymous pull; every other problem
//! is a failure. Its output is never shown, because it can contain a login.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::config_error::AUTH_DATA;
use crate::credential::login::Login;
use crate::error::{Class, Explain, Link};
use crate::secret::Secret;

/// The longest answer that is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1_024;

/// The answer of a helper that has no login, on stdout, with exit code 1.
const NOT_FOUND: &[u8] = b"credentials not found in native keychain";

/// A credential helper failed.
#[derive(Debug, thiserror::Error)]
#[error("credential helper {program} for {server}: {fault}")]
pub(super) struct HelperError {
    program: String,
    server: String,
    fault: HelperFault,
}

#[derive(Debug, thiserror::Error)]
enum HelperFault {
    #[error("it is not in PATH")]
    NotInPath,
    #[error("it could not be run ({0})")]
    NotRun(std::io::ErrorKind),
    #[error("it failed ({0})")]
    Failed(ExitStatus),
    #[error("it did not end within {}", humantime::format_duration(*.0))]
    TimedOut(Duration),
    #[error("its answer is longer than 64 KiB")]
    TooLong,
    #[error("its answer is not a login")]
    Malformed,
    #[error("it has no login, but the Docker config has an entry for this registry")]
    NoLogin,
}

impl Explain for HelperError {
    fn link(&self) -> Link {
        Link::InstanceCredentials
    }

    fn class(&self) -> Class {
        match self.fault {
            HelperFault::NotInPath | HelperFault::NoLogin => Class::Absent,
            HelperFault::NotRun(_) => Class::Unsupported,
            HelperFault::Failed(_) => Class::Unknown,
            HelperFault::TimedOut(_) => Class::TimedOut,
            HelperFault::TooLong | HelperFault::Malformed => Class::Invalid,
        }
    }

    fn resource(&self) -> String {
        self.program.clone()
    }

    fn hint(&self) -> Option<String> {
        let Self { program, server, fault } = self;
        Some(match fault {
            HelperFault::NotInPath => {
                format!("install {program} into a folder of taskpull's PATH, or remove it from the Docker config")
            }
            HelperFault::NoLogin => format!(
                "ECR's helper gives this answer for every error: run `printf %s {server} | {program} get` as the user that runs taskpull; for a registry that needs no login, remove the helper and the empty entry of `auths`"
            ),
            HelperFault::TimedOut(_) => "find out what it waits for, or raise instance.helper_timeout".to_owned(),
            _ => format!(
                "run `printf %s {server} | {program} get` as the user that runs taskpull; its output is not shown here because it can contain a login"
            ),
        })
    }
}

/// The answer of `get`. The parser wraps the values as secrets.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperResponse {
    username: Secret,
    secret: Secret,
}

impl HelperError {
    /// A helper that `credHelpers` or an empty entry names for a registry has no login for it.
    /// Docker would pull anonymously, but the operator has configured a login.
    pub(super) fn without_login(name: &str, server: &str) -> Self {
        Self { program: program(name), server: server.to_owned(), fault: HelperFault::NoLogin }
    }
}

fn program(name: &str) -> String {
    format!("docker-credential-{name}")
}

/// Runs `docker-credential-<name>` to get the login of a registry; `None` if the helper answers that
/// it has none. Dropping the future kills the process.
pub(super) async fn run(name: &str, server: &str, deadline: Duration) -> Result<Option<Login>, HelperError> {
    let program = program(name);
    let answer = timeout(deadline, get(&program, server)).await.unwrap_or(Err(HelperFault::TimedOut(deadline)));
    answer.map_err(|fault| HelperError { program, server: server.to_owned(), fault })
}

async fn get(program: &str, server: &str) -> Result<Option<Login>, HelperFault> {
    let not_run = |error: std::io::Error| HelperFault::NotRun(error.kind());
    let mut command = Command::new(program);
    // The helper does not need the ECS agent's logins.
    command.arg("get").env_remove(AUTH_DATA).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => HelperFault::NotInPath,
        kind => HelperFault::NotRun(kind),
    })?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read its input may still answer.
        let _ = stdin.write_all(server.as_bytes()).await;
    }
    // A buffer that grows would leave a copy of its content in memory.
    let mut output = Zeroizing::new(Vec::with_capacity(ANSWER_LIMIT + 64));
    if let Some(stdout) = child.stdout.take() {
        stdout.take(ANSWER_LIMIT as u64 + 1).read_to_end(&mut output).await.map_err(not_run)?;
    }
    if output.len() > ANSWER_LIMIT {
        return Err(HelperFault::TooLong);
    }
    let status = child.wait().await.map_err(not_run)?;
    let output = output.trim_ascii();
    match status.code() {
        Some(0) => parse_login(output).map(Some).ok_or(HelperFault::Malformed),
        Some(1) if output == NOT_FOUND => Ok(None),
        _ => Err(HelperFault::Failed(status)),
    }
}

fn parse_login(output: &[u8]) -> Option<Login> {
    if !output.starts_with(b"{") {
        return None;
    }
    // The error is dropped, because its text quotes the input.
    let HelperResponse { username, secret } = serde_json::from_slice(output).ok()?;
    if username.is_empty() || secret.is_empty() {
        return None;
    }
    Some(Login::from_helper(username, secret))
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::ErrorKind;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;
    use std::time::Duration;

    use super::{HelperError, HelperFault, program};
    use crate::error::Failure;

    /// The failures of a helper that runs, for the catalogue.
    pub(in crate::credential::host_logins) fn failures() -> Vec<(&'static str, Failure)> {
        let faults = [
            ("helper not executable", HelperFault::NotRun(ErrorKind::PermissionDenied)),
            ("helper failed", HelperFault::Failed(ExitStatus::from_raw(256))),
            ("helper timed out", HelperFault::TimedOut(Duration::from_secs(10))),
            ("answer too long", HelperFault::TooLong),
            ("answer malformed", HelperFault::Malformed),
            ("helper without a login", HelperFault::NoLogin),
        ];
        let failure = |fault| {
            let error = HelperError { program: program("ecr"), server: "reg.example".to_owned(), fault };
            Failure::from(error)
        };
        faults.into_iter().map(|(name, fault)| (name, failure(fault))).collect()
    }
}
