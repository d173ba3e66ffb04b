//! `taskpull pull --agent`: the agent pulls, and what happens is shown here.
//!
//! Each input is a request of its own. Once it is accepted it goes on whatever becomes of
//! this program, which only looks on.

use std::convert::Infallible;
use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::arguments::Pull;
use super::progress::Shown;
use super::pull::{ProgressFanout, ended, told, written};
use super::stderr::tell;
use super::{agent_client, signals};
use crate::agent::{Client, ClientError};
use crate::config::TerminalEnv;
use crate::error::ExitCode;
use crate::error::Failure;
use crate::pipeline::{Input, ProgressObserver, PullState};
use crate::report::Report;
use crate::report::ndjson::EventLog;
use crate::report::{EventKind, RunEvent, Subject};

/// How long an agent that has gone is waited for: what it has accepted goes on with the next.
const BACK_WITHIN: Duration = Duration::from_mins(1);

/// How often it is looked for meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// An input, as far as it has got.
enum Part {
    /// It is over, or never was a request.
    Over(Report),
    /// The agent has it; its pulls begin at this place among all.
    Open { id: String, first: usize },
}

/// Runs it; what is over is handed back for what comes after a run.
pub(super) fn run(arguments: &Pull, inputs: Vec<Input>) -> Result<(Report, ExitCode), ExitCode> {
    let client = agent_client::client(arguments.socket.clone(), arguments.config.as_deref())?;
    let runtime = agent_client::runtime()?;
    let done = runtime.block_on(async {
        if arguments.dry_run {
            return checked(&client, inputs, arguments).await;
        }
        let (parts, subjects) = submitted(&client, inputs).await?;
        followed(&client, &parts, subjects, arguments).await
    });
    runtime.shutdown_background();
    done
}

async fn checked(client: &Client, inputs: Vec<Input>, arguments: &Pull) -> Result<(Report, ExitCode), ExitCode> {
    let mut reports = Vec::new();
    for Input { source, text } in inputs {
        reports.push(match text {
            Ok(text) => client.plan(&source, text).await.map_err(|error| agent_client::failed(&error))?,
            Err(failure) => Report::from_invalid(failure),
        });
    }
    let report = Report::merge(reports);
    warn(&report);
    let exit = ended(written(&report, arguments), &report, &CancellationToken::new());
    Ok((report, exit))
}

/// Hands every input in. One that the agent refuses for what is in it is over; the others go
/// on, as they do without an agent.
async fn submitted(client: &Client, inputs: Vec<Input>) -> Result<(Vec<Part>, Vec<Subject>), ExitCode> {
    let (mut parts, mut subjects) = (Vec::new(), Vec::new());
    for Input { source, text } in inputs {
        let sent = match text {
            Ok(text) => submit(client, &source, text).await,
            Err(failure) => {
                parts.push(Part::Over(Report::from_invalid(failure)));
                continue;
            }
        };
        match sent {
            Ok((id, pulls)) => {
                let first = subjects.len();
                let renumbered = |pull: Subject| Subject { pull: first + pull.pull, ..pull };
                subjects.extend(pulls.into_iter().map(renumbered));
                parts.push(Part::Open { id, first });
            }
            Err(ClientError::Problem { problem, .. }) if problem.report.is_some() => {
                parts.extend(problem.report.map(Part::Over));
            }
            Err(error) => {
                say_what_goes_on(&parts);
                return Err(agent_client::failed(&error));
            }
        }
    }
    Ok((parts, subjects))
}

async fn submit(client: &Client, source: &str, text: Vec<u8>) -> Result<(String, Vec<Subject>), ClientError> {
    let key = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
    let mut attempts = 3;
    loop {
        attempts -= 1;
        match client.submit(source, text.clone(), &key).await {
            // It may have been accepted: the key makes asking again no harm.
            Err(ClientError::ConnectionLost { .. }) if attempts > 0 => sleep(LOOK_EVERY).await,
            Err(error) => return Err(error),
            Ok(view) => return Ok((view.id.to_string(), view.pulls.into_iter().map(|pull| pull.subject).collect())),
        }
    }
}

/// Shows what happens until all of it is over, or somebody has seen enough.
async fn followed(
    client: &Client,
    parts: &[Part],
    subjects: Vec<Subject>,
    arguments: &Pull,
) -> Result<(Report, ExitCode), ExitCode> {
    let interrupt = CancellationToken::new();
    signals::watch(interrupt.clone()).map_err(|error| {
        tell(&format!("error: signals cannot be watched for: {error}"));
        ExitCode::Internal
    })?;
    let images = subjects.iter().map(|subject| subject.image.to_string()).collect();
    let quiet = arguments.quiet || (arguments.events && io::stdout().is_terminal());
    let shown = Shown::new(images, quiet, TerminalEnv::from_process());
    let pulls = subjects.len();
    let events = arguments.events.then(|| EventLog::new(subjects));
    let progress = ProgressFanout { shown: &shown, events: events.as_ref() };
    let failed = Mutex::new(None);
    let work = async {
        let reports = join_all(parts.iter().map(|part| async {
            match part {
                Part::Over(report) => Some(report.clone()),
                Part::Open { id, first } => follow(client, id, *first, pulls, &progress)
                    .await
                    .map_err(|error| *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error))
                    .ok(),
            }
        }));
        Report::merge(reports.await.into_iter().flatten())
    };
    let work = told(events.as_ref(), work);
    let done = tokio::select! {
        biased;
        () = interrupt.cancelled() => None,
        never = shown.draw() => { let never: Infallible = never; match never {} }
        done = work => Some(done),
    };
    drop(shown);
    let Some((report, told)) = done else {
        say_what_goes_on(parts);
        return Err(ExitCode::Interrupted);
    };
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        say_what_goes_on(parts);
        return Err(agent_client::failed(&error));
    }
    warn(&report);
    let written = told.unwrap_or_else(|| written(&report, arguments));
    let exit = ended(written, &report, &interrupt);
    Ok((report, exit))
}

/// Follows one request to its report, also over the agent's restart.
pub(super) async fn follow(
    client: &Client,
    id: &str,
    first: usize,
    pulls: usize,
    progress: &dyn ProgressObserver,
) -> Result<Report, ClientError> {
    let mut gone: Option<Instant> = None;
    loop {
        match listen(client, id, first, pulls, progress, &mut gone).await {
            Ok(Some(report)) => return Ok(report),
            Ok(None) => {}
            Err(error) if error.is_temporary() && gone.is_none_or(|since| since.elapsed() < BACK_WITHIN) => {}
            Err(error) => return Err(error),
        }
        if gone.is_none() {
            gone = Some(Instant::now());
            tell(&format!("the agent has ended; request {id} goes on with the next one, which is waited for"));
        }
        sleep(LOOK_EVERY).await;
    }
}

/// The report, if the agent gets as far as that.
async fn listen(
    client: &Client,
    id: &str,
    first: usize,
    pulls: usize,
    progress: &dyn ProgressObserver,
    gone: &mut Option<Instant>,
) -> Result<Option<Report>, ClientError> {
    let mut events = client.events(id).await?;
    while let Some(event) = events.next().await? {
        *gone = None;
        match event.kind {
            EventKind::Run(RunEvent::Report { report }) => return Ok(Some(report.into_owned())),
            EventKind::Run(RunEvent::Postponed { error, retry_at }) => {
                let Failure { link, class, message, .. } = &*error;
                tell(&format!("request {id} will be retried at {retry_at}: {link} ({class}): {message}"));
            }
            EventKind::Pull { event, subject } => {
                let pull = first + subject.pull;
                if pull < pulls {
                    progress.update(pull, &PullState::from(event));
                }
            }
        }
    }
    Ok(None)
}

fn warn(report: &Report) {
    for task in &report.tasks {
        for warning in &task.warnings {
            tell(&format!("warning: {}: {warning}", task.source));
        }
    }
}

fn say_what_goes_on(parts: &[Part]) {
    for part in parts {
        if let Part::Open { id, .. } = part {
            tell(&format!("request {id} goes on; `taskpull status {id}` shows it, `taskpull cancel {id}` ends it"));
        }
    }
}
