//! `taskpull pull`.

use std::convert::Infallible;
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};
use std::path::Path;

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::arguments::{Output, Pull};
use super::pin::{PinDestinations, STDOUT};
use super::progress::Shown;
use super::setup::AppContext;
use super::{complain, events, input, log, pull_via_agent, signals, stderr, tell};
use crate::config::table::{
    BEHAVIOR, CONCURRENCY, ENGINE_CONTEXT, ENGINE_HOST, EXECUTION_ROLE, PLATFORM, SECRETS_STAGE,
};
use crate::config::{ConfigError, Settings, Sources, TerminalEnv};
use crate::error::ExitCode;
use crate::error::Failure;
use crate::pipeline::{Input, ProgressObserver, PullLimiter, PullRun, PullState, pin_definitions};
use crate::report::ndjson::{EventLog, report_line};
use crate::report::{Report, text};

/// Runs it.
pub(super) fn run(arguments: &Pull) -> ExitCode {
    if arguments.agent {
        return by_agent(arguments);
    }
    let settings = match settings(arguments) {
        Ok(settings) => settings,
        Err(error) => {
            complain(&Failure::from(error));
            return ExitCode::Configuration;
        }
    };
    // First, so that it goes last: whoever reads the result does not wait for a collector.
    let traces = log::start_with_traces(&settings);
    let setup = match AppContext::new(&settings, arguments.fail_fast, PullLimiter::for_one_run) {
        Ok(setup) => setup,
        Err(failure) => {
            complain(&failure);
            return ExitCode::Configuration;
        }
    };
    if let Some(context) = &setup.current_context {
        tell(&format!("note: the engine is {}, of Docker's current context `{context}`", setup.engine));
    }
    if setup.engine.is_in_clear() {
        tell(&format!("warning: {} is without TLS: logins go over the network in clear", setup.engine));
    }
    let inputs = input::read(&arguments.inputs);
    let pins = match Pins::new(arguments, &inputs) {
        Ok(pins) => pins,
        Err(exit) => return exit,
    };
    let job = setup.plan(inputs);
    job.warnings().for_each(|warning| tell(&format!("warning: {warning}")));
    let interrupt = CancellationToken::new();
    if arguments.dry_run {
        let report = job.dry_run();
        return ended(written(&report, arguments), &report, &interrupt);
    }
    log::send(&traces);
    // This thread does the work, the other one listens for signals.
    let runtime = match Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(&format!("error: the runtime could not be started: {error}"));
            return ExitCode::Internal;
        }
    };
    let pulled = runtime.block_on(pull(job, &setup, arguments, &interrupt));
    // A name resolution that hangs blocks a thread of the runtime, and nobody waits for it.
    runtime.shutdown_background();
    match pulled {
        Ok((report, told)) => {
            let written = told.unwrap_or_else(|| written(&report, arguments));
            let exit = ended(written, &report, &interrupt);
            pins.map_or(exit, |pins| pins.write(&report, exit))
        }
        Err(error) => {
            tell(&format!("error: signals cannot be watched for: {error}"));
            ExitCode::Internal
        }
    }
}

fn by_agent(arguments: &Pull) -> ExitCode {
    let inputs = input::read(&arguments.inputs);
    let pulled = Pins::new(arguments, &inputs).and_then(|pins| Ok((pull_via_agent::run(arguments, inputs)?, pins)));
    match pulled {
        Ok(((report, exit), Some(pins))) => pins.write(&report, exit),
        Ok(((_, exit), None)) | Err(exit) => exit,
    }
}

fn settings(arguments: &Pull) -> Result<Settings, ConfigError> {
    let Pull { behavior, platform, concurrency, execution_role, secret_stage, host, context, config, .. } = arguments;
    let sources = Sources::from_process(config.as_deref())?
        .with_flag(&BEHAVIOR, "--behavior", behavior.clone())
        .with_flag(&PLATFORM, "--platform", platform.clone())
        .with_flag(&CONCURRENCY, "--concurrency", concurrency.clone())
        .with_flag(&EXECUTION_ROLE, "--execution-role", execution_role.clone())
        .with_flag(&SECRETS_STAGE, "--secret-stage", secret_stage.clone())
        .with_flag(&ENGINE_HOST, "--host", host.clone())
        .with_flag(&ENGINE_CONTEXT, "--context", context.clone());
    Settings::read(&sources)
}

/// Does the work, with what is shown and [`told`] of it meanwhile.
async fn pull(
    job: PullRun,
    setup: &AppContext,
    arguments: &Pull,
    interrupt: &CancellationToken,
) -> io::Result<(Report, Option<io::Result<()>>)> {
    signals::watch(interrupt.clone())?;
    let events = arguments.events.then(|| EventLog::new(job.subjects()));
    // On one screen, events and drawings would be in each other's way.
    let quiet = arguments.quiet || (arguments.events && io::stdout().is_terminal());
    let shown = Shown::new(job.images(), quiet, TerminalEnv::from_process());
    let progress = ProgressFanout { shown: &shown, events: events.as_ref() };
    let work = job.pull(&*setup.credentials, &setup.engine, &setup.traffic, &setup.limits, &progress, interrupt);
    let work = told(events.as_ref(), work);
    let interrupted = async {
        interrupt.cancelled().await;
        tell("interrupted: ending the pulls (once more to end at once)");
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        biased;
        never = interrupted => match never {},
        never = shown.draw() => match never {},
        done = work => Ok(done),
    }
}

/// Does the work with its events beside it. Where they have told the report already, it says
/// how that went.
pub(super) async fn told(
    events: Option<&EventLog>,
    work: impl Future<Output = Report>,
) -> (Report, Option<io::Result<()>>) {
    match events {
        Some(events) => {
            let (report, told) = events::beside(&events.queue, work).await;
            (report, Some(told))
        }
        None => (work.await, None),
    }
}

/// What is shown to the person and what is told to a program.
pub(super) struct ProgressFanout<'a> {
    pub shown: &'a Shown,
    pub events: Option<&'a EventLog>,
}

impl ProgressObserver for ProgressFanout<'_> {
    fn update(&self, pull: usize, state: &PullState) {
        self.shown.update(pull, state);
        if let Some(events) = self.events {
            events.update(pull, state);
        }
    }
}

/// The definitions to be pinned.
struct Pins {
    places: PinDestinations,
    inputs: Vec<Input>,
}

impl Pins {
    /// Those of a run that is to pin some.
    fn new(arguments: &Pull, inputs: &[Input]) -> Result<Option<Self>, ExitCode> {
        let Some(to) = arguments.pin.as_deref() else { return Ok(None) };
        let places = PinDestinations::new(to, &arguments.inputs, inputs).map_err(|said| {
            tell(&format!("error: --pin: {said}"));
            ExitCode::Usage
        })?;
        Ok(Some(Self { places, inputs: inputs.to_vec() }))
    }

    /// Writes them after a run that ends so.
    fn write(&self, report: &Report, exit: ExitCode) -> ExitCode {
        let texts = match pin_definitions(&self.inputs, report) {
            Ok(texts) => texts,
            Err(error) => {
                tell(&format!("error: nothing is pinned: {error}"));
                return if exit == ExitCode::Success { ExitCode::Failed } else { exit };
            }
        };
        let written = match self.places {
            PinDestinations::Stdout => print(&texts.join(&b"\n"[..])).map_err(|error| error.to_string()),
            PinDestinations::Files { .. } => self.places.write(&texts).map_err(|error| error.to_string()),
        };
        match written {
            Ok(()) => exit,
            Err(error) => {
                tell(&format!("error: what is pinned could not be written: {error}"));
                ExitCode::Internal
            }
        }
    }
}

/// Writes the report where and as it is wanted.
pub(super) fn written(report: &Report, arguments: &Pull) -> io::Result<()> {
    let is_pinned_to_stdout = arguments.pin.as_deref() == Some(Path::new(STDOUT));
    match arguments.output {
        Output::Text if is_pinned_to_stdout => {
            tell(text::render(report, stderr::size().map(|size| size.width.max(40))).trim_end());
            Ok(())
        }
        Output::Text => print(text::render(report, terminal_width()).as_bytes()),
        Output::Json if arguments.events => print(&report_line(report)),
        // Of ten thousand containers it is as long as all else that is in memory.
        Output::Json => printed(|stdout| {
            let mut buffered = BufWriter::with_capacity(64 << 10, stdout);
            serde_json::to_writer_pretty(&mut buffered, report)?;
            buffered.write_all(b"\n")?;
            buffered.flush()
        }),
    }
}

/// Data for stdout.
pub(super) fn print(data: &[u8]) -> io::Result<()> {
    printed(|stdout| stdout.write_all(data).and_then(|()| stdout.flush()))
}

/// A reader of stdout that has seen enough is no failure.
fn printed(write: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>) -> io::Result<()> {
    let written = write(&mut io::stdout().lock());
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// How a run ends whose report was written so.
pub(super) fn ended(written: io::Result<()>, report: &Report, interrupt: &CancellationToken) -> ExitCode {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            tell(&format!("error: the result could not be written: {error}"));
            ExitCode::Internal
        }
        _ if interrupt.is_cancelled() => ExitCode::Interrupted,
        _ => report.outcome().into(),
    }
}

/// The columns of the terminal that the result goes to, if it goes to one.
pub(super) fn terminal_width() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(terminal_size::Width(columns), _)| usize::from(columns).max(40))
}
