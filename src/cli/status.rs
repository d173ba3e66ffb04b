//! `taskpull status`: the requests of the agent, or one of them.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use tokio::time::sleep;

use super::arguments::{Output, Status};
use super::pull::{print, terminal_width};
use super::{agent_client, tell};
use crate::agent::api::{JobStatus, PullItem, PullView};
use crate::agent::{Client, ClientError, JobSource};
use crate::error::ExitCode;
use crate::report::{Report, text};

/// How often what is watched is asked for.
const EVERY: Duration = Duration::from_secs(1);

/// Clears a terminal, and begins at its top.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Runs it.
pub(super) fn run(arguments: &Status) -> ExitCode {
    status(arguments).unwrap_or_else(|exit| exit)
}

fn status(arguments: &Status) -> Result<ExitCode, ExitCode> {
    let client = agent_client::client(arguments.socket.clone(), arguments.config.as_deref())?;
    let runtime = agent_client::runtime()?;
    let shown = runtime.block_on(show(&client, arguments));
    shown.map_err(|error| agent_client::failed(&error))?.map_err(|error| {
        tell(&format!("error: the result could not be written: {error}"));
        ExitCode::Internal
    })?;
    Ok(ExitCode::Success)
}

/// Shows it once, or each time it has changed: one request to its end, all for good.
async fn show(client: &Client, arguments: &Status) -> Result<io::Result<()>, ClientError> {
    let mut before = String::new();
    loop {
        let (said, is_over) = said(client, arguments).await?;
        if said != before {
            let is_redrawn = arguments.watch && arguments.output == Output::Text && io::stdout().is_terminal();
            let clear = if is_redrawn { CLEAR } else { "" };
            if let Err(error) = print(format!("{clear}{said}").as_bytes()) {
                return Ok(Err(error));
            }
            before = said;
        }
        if is_over || !arguments.watch {
            return Ok(Ok(()));
        }
        sleep(EVERY).await;
    }
}

/// The text, and whether it will change no more.
async fn said(
    client: &Client,
    Status { id, limit, output, watch, .. }: &Status,
) -> Result<(String, bool), ClientError> {
    // One value is one line for a program that reads them as they come.
    let json = |value: Result<String, serde_json::Error>| value.unwrap_or_default() + "\n";
    if let Some(id) = id {
        let view = client.show(id).await?;
        let said = match output {
            Output::Text => one(&view),
            Output::Json if *watch => json(serde_json::to_string(&view)),
            Output::Json => json(serde_json::to_string_pretty(&view)),
        };
        return Ok((said, view.ended.is_some()));
    }
    let views = client.list(None, usize::from(*limit)).await?;
    let said = match output {
        Output::Text => table(&views),
        Output::Json if *watch => json(serde_json::to_string(&views)),
        Output::Json => json(serde_json::to_string_pretty(&views)),
    };
    Ok((said, false))
}

fn table(views: &[PullView]) -> String {
    let mut text = format!("{:20}  {:9}  {:20}  {:>6}  DEFINITION\n", "REQUEST", "STATE", "ACCEPTED", "FROM");
    for view @ PullView { id, source, accepted, submitted_by, state, .. } in views {
        let accepted = String::from(*accepted);
        // To the second.
        let accepted = accepted.split('.').next().unwrap_or_default();
        // Writing to a String cannot fail.
        let by = match submitted_by {
            JobSource::Peer(peer) => peer.uid.to_string(),
            JobSource::Folder => "folder".to_owned(),
            JobSource::Cluster => "ecs".to_owned(),
        };
        let _ = writeln!(text, "{id}  {:9}  {accepted}Z  {by:>6}  {source}", word(*state));
        if let Some(error) = &view.error {
            let _ = writeln!(text, "  {}: {}", error.link, error.message);
        }
    }
    text
}

fn one(view: &PullView) -> String {
    let mut said = table(std::slice::from_ref(view));
    if let Some(retry_at) = view.retry_at {
        let _ = writeln!(said, "  will be retried at {}", String::from(retry_at));
    }
    for PullItem { subject, state, layers } in &view.pulls {
        let state = serde_json::to_value(state).unwrap_or_default();
        let _ = write!(said, "  {:12}  {}", state.as_str().unwrap_or_default(), subject.image);
        if let Some(layers) = layers {
            let _ = write!(said, "  {} of {} bytes", layers.bytes, layers.bytes_total);
        }
        said.push('\n');
    }
    let report = view.report.as_ref().and_then(|report| serde_json::from_str::<Report>(report.get()).ok());
    if let Some(report) = report {
        let _ = write!(said, "\n{}", text::render(&report, terminal_width()));
    }
    said
}

fn word(state: JobStatus) -> &'static str {
    match state {
        JobStatus::Queued => "queued",
        JobStatus::Running => "running",
        JobStatus::Waiting => "waiting",
        JobStatus::Succeeded => "succeeded",
        JobStatus::Failed => "FAILED",
        JobStatus::Cancelled => "cancelled",
    }
}
