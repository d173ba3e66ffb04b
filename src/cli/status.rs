//! `taskpull status`: shows the agent's requests, or one of them.

// Writing to a String cannot fail, so the results are ignored.
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use serde::Serialize;
use tokio::time::sleep;

use super::agent_client;
use super::arguments::{OutputFormat, StatusArguments};
use super::command_error::CommandError;
use super::runtime::{self, Threads};
use super::terminal::stdout;
use crate::agent::api::{JobStatus, PullItem, PullView};
use crate::agent::{Client, ClientError, JobSource};
use crate::error::ExitCode;
use crate::report::{Report, text};

/// The interval at which `--watch` queries the agent.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Clears a terminal and moves the cursor to its first line.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// The state of the requests at one time.
struct StatusSnapshot {
    text: String,
    /// Whether the state cannot change any more.
    is_final: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &StatusArguments) -> Result<ExitCode, CommandError> {
    let client = agent_client::client(arguments.socket.clone(), arguments.config.as_deref())?;
    runtime::run(Threads::Workers(1), show(&client, arguments))?
}

/// Prints the state once; with `--watch`, each time that it has changed.
async fn show(client: &Client, arguments: &StatusArguments) -> Result<ExitCode, CommandError> {
    let mut previous = String::new();
    loop {
        let StatusSnapshot { text, is_final } = read(client, arguments).await?;
        if text != previous {
            let is_redrawn = arguments.watch && arguments.output == OutputFormat::Text && io::stdout().is_terminal();
            let clear = if is_redrawn { CLEAR } else { "" };
            stdout::print(format!("{clear}{text}").as_bytes()).map_err(CommandError::output)?;
            previous = text;
        }
        if is_final || !arguments.watch {
            return Ok(ExitCode::Success);
        }
        sleep(WATCH_INTERVAL).await;
    }
}

async fn read(client: &Client, arguments: &StatusArguments) -> Result<StatusSnapshot, ClientError> {
    let StatusArguments { id, limit, output, .. } = arguments;
    let Some(id) = id else {
        let views = client.list(None, usize::from(*limit)).await?;
        let text = match output {
            OutputFormat::Text => table(&views),
            OutputFormat::Json => json(&views, arguments.watch),
        };
        return Ok(StatusSnapshot { text, is_final: false });
    };
    let view = client.show(id).await?;
    let text = match output {
        OutputFormat::Text => details(&view),
        OutputFormat::Json => json(&view, arguments.watch),
    };
    Ok(StatusSnapshot { text, is_final: view.ended.is_some() })
}

/// With `--watch`, a value is one line, for a program that reads the values as they arrive.
fn json(value: &impl Serialize, is_line: bool) -> String {
    let text = if is_line { serde_json::to_string(value) } else { serde_json::to_string_pretty(value) };
    text.unwrap_or_default() + "\n"
}

fn table(views: &[PullView]) -> String {
    let mut text = format!("{:20}  {:9}  {:20}  {:>6}  DEFINITION\n", "REQUEST", "STATE", "ACCEPTED", "FROM");
    for PullView { id, source, accepted, submitted_by, state, error, .. } in views {
        let accepted = String::from(*accepted);
        let seconds = accepted.split('.').next().unwrap_or_default();
        let submitted_by = match submitted_by {
            JobSource::Peer(peer) => peer.uid.to_string(),
            JobSource::Folder => "folder".to_owned(),
            JobSource::Cluster => "ecs".to_owned(),
        };
        let _ = writeln!(text, "{id}  {:9}  {seconds}Z  {submitted_by:>6}  {source}", label(*state));
        if let Some(error) = error {
            let _ = writeln!(text, "  {}: {}", error.link, error.message);
        }
    }
    text
}

/// The row of one request, its pulls, and its report once there is one.
fn details(view: &PullView) -> String {
    let mut text = table(std::slice::from_ref(view));
    if let Some(retry_at) = view.retry_at {
        let _ = writeln!(text, "  will be retried at {}", String::from(retry_at));
    }
    for PullItem { subject, state, layers } in &view.pulls {
        let state = serde_json::to_value(state).unwrap_or_default();
        let _ = write!(text, "  {:12}  {}", state.as_str().unwrap_or_default(), subject.image);
        if let Some(layers) = layers {
            let bytes = layers.extracted_bytes.unwrap_or(layers.bytes);
            let _ = write!(text, "  {bytes} of {} bytes", layers.bytes_total);
        }
        text.push('\n');
    }
    let report = view.report.as_ref().and_then(|report| serde_json::from_str::<Report>(report.get()).ok());
    if let Some(report) = report {
        text.push('\n');
        text += &text::render(&report, stdout::width());
    }
    text
}

fn label(state: JobStatus) -> &'static str {
    match state {
        JobStatus::Queued => "queued",
        JobStatus::Running => "running",
        JobStatus::Waiting => "waiting",
        JobStatus::Succeeded => "succeeded",
        JobStatus::Failed => "FAILED",
        JobStatus::Cancelled => "cancelled",
    }
}
