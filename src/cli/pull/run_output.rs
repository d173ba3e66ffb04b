//! What a run shows while it pulls, and how it writes its report at the end.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};

use tokio_util::sync::CancellationToken;

use super::event_writer;
use crate::cli::arguments::{OutputFormat, PullArguments};
use crate::cli::command_error::CommandError;
use crate::cli::progress::ProgressDisplay;
use crate::cli::terminal::stderr::{self, print_line};
use crate::cli::terminal::stdout;
use crate::config::TerminalEnv;
use crate::error::ExitCode;
use crate::pull::{ProgressObserver, PullState};
use crate::report::ndjson::{EventLog, report_line};
use crate::report::{Report, Subject, text};

/// The observer of a run's pulls: it passes their states to the display for people and, with `--events`,
/// to the events for programs.
pub(super) struct RunOutput {
    pub display: ProgressDisplay,
    events: Option<EventLog>,
}

/// A finished run.
pub(super) struct FinishedRun {
    pub report: Report,
    /// The result of writing the report as the last event; `None` if it has not been written yet.
    events_result: Option<io::Result<()>>,
}

impl RunOutput {
    pub(super) fn new(arguments: &PullArguments, subjects: Vec<Subject>) -> Self {
        // On a terminal, events and progress would overwrite each other.
        let is_quiet = arguments.quiet || (arguments.events && io::stdout().is_terminal());
        let images = subjects.iter().map(|subject| subject.image.to_string()).collect();
        let display = ProgressDisplay::new(images, is_quiet, TerminalEnv::from_process());
        Self { display, events: arguments.events.then(|| EventLog::new(subjects)) }
    }

    /// Runs the pulls to their report, and writes the events in parallel.
    pub(super) async fn run(&self, pulls: impl Future<Output = Report>) -> FinishedRun {
        match &self.events {
            Some(events) => {
                let (report, result) = event_writer::write_events(&events.queue, pulls).await;
                FinishedRun { report, events_result: Some(result) }
            }
            None => FinishedRun { report: pulls.await, events_result: None },
        }
    }
}

impl ProgressObserver for RunOutput {
    fn update(&self, pull: usize, state: &PullState) {
        self.display.update(pull, state);
        if let Some(events) = &self.events {
            events.update(pull, state);
        }
    }
}

impl FinishedRun {
    /// Writes the report, unless it was the last event, and returns the exit code of the run.
    pub(super) fn finish(&mut self, arguments: &PullArguments, interrupt: &CancellationToken) -> ExitCode {
        let result = self.events_result.take().unwrap_or_else(|| write_report(&self.report, arguments));
        exit_code(result, &self.report, interrupt)
    }
}

/// Writes a report that has had no progress, and returns the exit code.
pub(super) fn finish_dry_run(report: &Report, arguments: &PullArguments) -> ExitCode {
    exit_code(write_report(report, arguments), report, &CancellationToken::new())
}

/// Writes the report in the requested format.
fn write_report(report: &Report, arguments: &PullArguments) -> io::Result<()> {
    match arguments.output {
        OutputFormat::Text if arguments.pins_to_stdout() => {
            let width = stderr::size().map(|size| size.width.max(stdout::MIN_WIDTH));
            print_line(text::render(report, width).trim_end());
            Ok(())
        }
        OutputFormat::Text => stdout::print(text::render(report, stdout::width()).as_bytes()),
        OutputFormat::Json if arguments.events => stdout::print(&report_line(report)),
        // Written in pieces: the JSON of ten thousand containers is as large as the rest of the memory in use.
        OutputFormat::Json => stdout::print_with(|stdout| {
            let mut buffered = BufWriter::with_capacity(64 << 10, stdout);
            serde_json::to_writer_pretty(&mut buffered, report)?;
            buffered.write_all(b"\n")?;
            buffered.flush()
        }),
    }
}

fn exit_code(result: io::Result<()>, report: &Report, interrupt: &CancellationToken) -> ExitCode {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => CommandError::output(error).print(),
        _ if interrupt.is_cancelled() => ExitCode::Interrupted,
        _ => report.outcome().into(),
    }
}
