//! `taskpull pull --agent`: the agent pulls, and this process follows.
//!
//! Each input becomes one request. An accepted request continues whatever happens to this process.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::agent_events::{PullRange, follow};
use super::run_output::{RunOutput, finish_dry_run};
use crate::agent::api::PullView;
use crate::agent::{Client, ClientError};
use crate::cli::arguments::PullArguments;
use crate::cli::command_error::CommandError;
use crate::cli::runtime::{self, Threads};
use crate::cli::terminal::stderr::print_line;
use crate::cli::{agent_client, signals};
use crate::error::ExitCode;
use crate::pipeline::Input;
use crate::report::{Report, Subject};
use crate::sync::Mutex;

/// How often a submission is sent if the connection breaks.
const SUBMIT_ATTEMPTS: u32 = 3;
const SUBMIT_INTERVAL: Duration = Duration::from_millis(500);

/// The result of a run through the agent.
pub(super) struct AgentRunOutcome {
    pub report: Report,
    pub exit_code: ExitCode,
}

/// The result of submitting an input.
enum SubmittedInput {
    /// The input is not a valid definition. There is no request for it.
    Rejected(Report),
    /// The agent has accepted the request.
    Accepted(AcceptedRequest),
}

struct AcceptedRequest {
    id: String,
    /// The pulls of the request among those of all inputs.
    pulls: PullRange,
}

/// Submits the inputs and follows their requests to the end.
pub(super) fn run(arguments: &PullArguments, inputs: Vec<Input>) -> Result<AgentRunOutcome, CommandError> {
    let client = agent_client::client(arguments.socket.clone(), arguments.config.as_deref())?;
    runtime::run(Threads::Workers(1), async {
        if arguments.dry_run {
            return plan(&client, inputs, arguments).await;
        }
        let mut submitted = Vec::new();
        let mut subjects = Vec::new();
        for input in inputs {
            let result = submit_input(&client, input, &mut subjects).await;
            submitted.push(result.inspect_err(|_| print_continuing(&submitted))?);
        }
        follow_all(&client, &submitted, subjects, arguments).await
    })?
}

async fn plan(client: &Client, inputs: Vec<Input>, arguments: &PullArguments) -> Result<AgentRunOutcome, CommandError> {
    let mut reports = Vec::new();
    for Input { source, text } in inputs {
        reports.push(match text {
            Ok(text) => client.plan(&source, text).await?,
            Err(failure) => Report::from_invalid(failure),
        });
    }
    let report = Report::merge(reports);
    print_warnings(&report);
    let exit_code = finish_dry_run(&report, arguments);
    Ok(AgentRunOutcome { report, exit_code })
}

/// Submits one input and adds its pulls to `subjects`. An invalid definition is no error: as without an
/// agent, the other inputs are pulled.
async fn submit_input(
    client: &Client,
    Input { source, text }: Input,
    subjects: &mut Vec<Subject>,
) -> Result<SubmittedInput, CommandError> {
    let text = match text {
        Ok(text) => text,
        Err(failure) => return Ok(SubmittedInput::Rejected(Report::from_invalid(failure))),
    };
    let view = match submit(client, &source, text).await {
        Ok(view) => view,
        Err(ClientError::Problem { problem, .. }) if problem.report.is_some() => {
            return Ok(SubmittedInput::Rejected(Report::merge(problem.report)));
        }
        Err(error) => return Err(error.into()),
    };
    let first = subjects.len();
    subjects.extend(view.pulls.into_iter().map(|pull| Subject { pull: first + pull.subject.pull, ..pull.subject }));
    let pulls = PullRange { first, end: subjects.len() };
    Ok(SubmittedInput::Accepted(AcceptedRequest { id: view.id.to_string(), pulls }))
}

async fn submit(client: &Client, source: &str, text: Vec<u8>) -> Result<PullView, ClientError> {
    // If the connection breaks, the agent may have accepted the request: with the same key, it accepts it once.
    let key = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
    let mut attempt = 1;
    loop {
        match client.submit(source, text.clone(), &key).await {
            Err(ClientError::ConnectionLost { .. }) if attempt < SUBMIT_ATTEMPTS => sleep(SUBMIT_INTERVAL).await,
            result => return result,
        }
        attempt += 1;
    }
}

/// Shows the progress of all requests until they have ended or the user interrupts.
async fn follow_all(
    client: &Client,
    submitted: &[SubmittedInput],
    subjects: Vec<Subject>,
    arguments: &PullArguments,
) -> Result<AgentRunOutcome, CommandError> {
    let interrupt = CancellationToken::new();
    signals::watch(interrupt.clone()).map_err(CommandError::signals)?;
    let output = RunOutput::new(arguments, subjects);
    let lost_agent = Mutex::new(None);
    let pulls = output.run(async {
        let reports = join_all(submitted.iter().map(|input| async {
            match input {
                SubmittedInput::Rejected(report) => Some(report.clone()),
                SubmittedInput::Accepted(AcceptedRequest { id, pulls }) => {
                    follow(client, id, *pulls, &output).await.map_err(|error| *lost_agent.lock() = Some(error)).ok()
                }
            }
        }));
        Report::merge(reports.await.into_iter().flatten())
    });
    let finished = tokio::select! {
        biased;
        () = interrupt.cancelled() => None,
        never = output.display.draw() => { let never: Infallible = never; match never {} }
        finished = pulls => Some(finished),
    };
    drop(output);
    let Some(mut finished) = finished else {
        print_continuing(submitted);
        return Err(CommandError::Interrupted);
    };
    if let Some(error) = lost_agent.into_inner() {
        print_continuing(submitted);
        return Err(error.into());
    }
    print_warnings(&finished.report);
    let exit_code = finished.finish(arguments, &interrupt);
    Ok(AgentRunOutcome { report: finished.report, exit_code })
}

/// Prints the warnings about the agent's host and the definitions. Those about pulls were events.
fn print_warnings(report: &Report) {
    let warnings = report.warnings.iter().filter(|warning| warning.image.is_none());
    warnings.for_each(|warning| print_line(&format!("warning: {warning}")));
}

fn print_continuing(submitted: &[SubmittedInput]) {
    for input in submitted {
        if let SubmittedInput::Accepted(AcceptedRequest { id, .. }) = input {
            print_line(&format!(
                "request {id} continues; `taskpull status {id}` shows it, `taskpull cancel {id}` cancels it"
            ));
        }
    }
}
