//! A Docker credential helper: `docker-credential-<name> get` as a child process.
//!
//! Only its word that it has nothing means an anonymous pull; whatever else goes wrong is a
//! failure. What it prints is never shown: a login can be in it.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::AUTH_DATA;
use crate::credential::Login;
use crate::error::{Class, Explain, Link};
use crate::secret::Secret;

/// The longest answer, in bytes.
const LIMIT: usize = 64 * 1_024;

/// How a helper says that it has no login, on stdout and with exit code 1.
const NOT_FOUND: &[u8] = b"credentials not found in native keychain";

/// A helper gave no login and did not say that it has none.
#[derive(Debug, thiserror::Error)]
#[error("the credential helper {program}, asked for {server}, {fault}")]
pub(super) struct HelperError {
    program: String,
    server: String,
    fault: HelperFault,
}

#[derive(Debug, thiserror::Error)]
enum HelperFault {
    #[error("is not in PATH")]
    Absent,
    #[error("could not be run ({0})")]
    NotRun(std::io::ErrorKind),
    #[error("failed ({0})")]
    Failed(ExitStatus),
    #[error("did not end within {}", humantime::format_duration(*.0))]
    TimedOut(Duration),
    #[error("answered with more than 64 KiB")]
    Long,
    #[error("answered with something that is not a login")]
    Garbled,
    #[error("has none, though the Docker config has an entry for this registry")]
    Nothing,
}

impl Explain for HelperError {
    fn link(&self) -> Link {
        Link::InstanceCredentials
    }

    fn class(&self) -> Class {
        match self.fault {
            HelperFault::Absent | HelperFault::Nothing => Class::Absent,
            HelperFault::NotRun(_) => Class::Unsupported,
            HelperFault::Failed(_) => Class::Unknown,
            HelperFault::TimedOut(_) => Class::TimedOut,
            HelperFault::Long | HelperFault::Garbled => Class::Invalid,
        }
    }

    fn resource(&self) -> String {
        self.program.clone()
    }

    fn hint(&self) -> Option<String> {
        let Self { program, server, fault } = self;
        Some(match fault {
            HelperFault::Absent => {
                format!("install {program} into a folder of taskpull's own PATH, or take it out of the Docker config")
            }
            HelperFault::Nothing => format!(
                "ECR's helper says so whatever went wrong: try `printf %s {server} | {program} get` as the user that runs taskpull; a registry that needs no login needs no helper, and no empty entry in `auths`"
            ),
            HelperFault::TimedOut(_) => "see what it waits for, or raise instance.helper_timeout".to_owned(),
            _ => format!(
                "its words are not repeated, as they could hold a login; as the user that runs taskpull: `printf %s {server} | {program} get`"
            ),
        })
    }
}

/// The answer of `get`. Values go from the parser into their wrapping.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperResponse {
    username: Secret,
    secret: Secret,
}

/// A helper that `credHelpers` or an empty entry names for a registry has nothing for it.
/// Docker would pull anonymously; the operator has said that there is a login.
pub(super) fn nothing(name: &str, server: &str) -> HelperError {
    HelperError { program: format!("docker-credential-{name}"), server: server.to_owned(), fault: HelperFault::Nothing }
}

/// Asks `docker-credential-<name>` for the login of a registry; none is its word that it
/// has none. Dropping the future kills it.
pub(super) async fn ask(name: &str, server: &str, deadline: Duration) -> Result<Option<Login>, HelperError> {
    let program = format!("docker-credential-{name}");
    let answer = timeout(deadline, run(&program, server)).await.unwrap_or(Err(HelperFault::TimedOut(deadline)));
    answer.map_err(|fault| HelperError { program, server: server.to_owned(), fault })
}

async fn run(program: &str, server: &str) -> Result<Option<Login>, HelperFault> {
    let not_run = |error: std::io::Error| HelperFault::NotRun(error.kind());
    let mut command = Command::new(program);
    // The ECS agent's logins are not the helper's business.
    command.arg("get").env_remove(AUTH_DATA).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => HelperFault::Absent,
        kind => HelperFault::NotRun(kind),
    })?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read has its answer already.
        let _ = stdin.write_all(server.as_bytes()).await;
    }
    // A buffer that grows leaves its old contents behind.
    let mut said = Zeroizing::new(Vec::with_capacity(LIMIT + 64));
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LIMIT as u64 + 1).read_to_end(&mut said).await.map_err(not_run)?;
    }
    if said.len() > LIMIT {
        return Err(HelperFault::Long);
    }
    let status = child.wait().await.map_err(not_run)?;
    let said = said.trim_ascii();
    match status.code() {
        Some(0) => login(said).map(Some).ok_or(HelperFault::Garbled),
        Some(1) if said == NOT_FOUND => Ok(None),
        _ => Err(HelperFault::Failed(status)),
    }
}

fn login(said: &[u8]) -> Option<Login> {
    if !said.starts_with(b"{") {
        return None;
    }
    // Serde's text quotes what it found.
    let HelperResponse { username, secret } = serde_json::from_slice(said).ok()?;
    if username.is_empty() || secret.is_empty() {
        return None;
    }
    Some(Login::of_helper(username, secret))
}
