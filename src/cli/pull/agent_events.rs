//! Follows the events of one request of the agent, also across a restart of the agent.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::agent::{Client, ClientError};
use crate::cli::terminal::stderr::print_line;
use crate::error::Failure;
use crate::pull::{ProgressObserver, PullState};
use crate::report::{EventKind, Report, RunEvent};

/// How long to wait for a restarted agent, which resumes the requests that it had accepted.
const RESTART_TIMEOUT: Duration = Duration::from_mins(1);

/// The time between attempts to connect.
const RECONNECT_INTERVAL: Duration = Duration::from_millis(500);

/// The numbers of a request's pulls among those of all inputs.
#[derive(Clone, Copy, Debug)]
pub(super) struct PullRange {
    pub first: usize,
    /// The number after the last pull.
    pub end: usize,
}

/// Passes the progress of a request to the observer until its report arrives.
pub(super) async fn follow(
    client: &Client,
    id: &str,
    pulls: PullRange,
    progress: &dyn ProgressObserver,
) -> Result<Report, ClientError> {
    let mut disconnected_since: Option<Instant> = None;
    loop {
        match read_events(client, id, pulls, progress, &mut disconnected_since).await {
            Ok(Some(report)) => return Ok(report),
            Ok(None) => {}
            Err(error)
                if error.is_temporary() && disconnected_since.is_none_or(|since| since.elapsed() < RESTART_TIMEOUT) => {
            }
            Err(error) => return Err(error),
        }
        if disconnected_since.is_none() {
            disconnected_since = Some(Instant::now());
            print_line(&format!("lost the connection to the agent; waiting for its restart to follow request {id}"));
        }
        sleep(RECONNECT_INTERVAL).await;
    }
}

/// Reads the events of one connection. Returns `None` if it ends before the report.
async fn read_events(
    client: &Client,
    id: &str,
    pulls: PullRange,
    progress: &dyn ProgressObserver,
    disconnected_since: &mut Option<Instant>,
) -> Result<Option<Report>, ClientError> {
    let mut events = client.events(id).await?;
    while let Some(event) = events.next().await? {
        *disconnected_since = None;
        match event.kind {
            EventKind::Run(RunEvent::Report { report }) => return Ok(Some(report.into_owned())),
            EventKind::Run(RunEvent::Postponed { error, retry_at }) => {
                let Failure { link, class, message, .. } = &*error;
                print_line(&format!("request {id} will be retried at {retry_at}: {link} ({class}): {message}"));
            }
            EventKind::Pull { event, subject } => {
                let pull = pulls.first + subject.pull;
                if pull < pulls.end {
                    progress.update(pull, &PullState::from(event));
                }
            }
        }
    }
    Ok(None)
}
