//! `taskpull pull`.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::arguments::{Output, Pull};
use super::exit::Exit;
use super::interrupt::until_interrupted;
use super::{complain, input, progress, tell};
use crate::config::{ConfigError, Settings, Sources};
use crate::pipeline::{Aws, Backoff, Deadlines, DockerAddress, Job, Limits, RoleUse};
use crate::report::{Report, text};

/// The waits between attempts at a pull begin here and end there; the ECS agent's are 1.1
/// and 5 seconds.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// Runs it.
pub(super) fn run(arguments: &Pull) -> Exit {
    let settings = match settings(arguments) {
        Ok(settings) => settings,
        Err(error) => {
            complain(&error);
            return Exit::Configuration;
        }
    };
    let engine = match DockerAddress::parse(&settings.engine_host) {
        Ok(engine) => engine,
        Err(error) => {
            complain(&error);
            return Exit::Configuration;
        }
    };
    let roles = if settings.assume_execution_role { RoleUse::Assume } else { RoleUse::Ignore };
    let job = Job::new(input::read(&arguments.inputs), roles);
    job.warnings().for_each(|warning| tell(&format!("warning: {warning}")));
    let interrupt = CancellationToken::new();
    let report = if arguments.dry_run {
        job.dry_run()
    } else {
        match pull(job, arguments, &settings, &engine, &interrupt) {
            Ok(report) => report,
            Err(error) => {
                tell(&format!("error: the runtime could not be started: {error}"));
                return Exit::Output;
            }
        }
    };
    match write(&report, arguments.output) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            tell(&format!("error: the result could not be written: {error}"));
            Exit::Output
        }
        _ if interrupt.is_cancelled() => Exit::Interrupted,
        _ => report.verdict().into(),
    }
}

fn settings(arguments: &Pull) -> Result<Settings, ConfigError> {
    let Pull { concurrency, execution_role, host, config, .. } = arguments;
    let sources = Sources::of_process(config.as_deref())?
        .with_flag("pull.concurrency", "--concurrency", concurrency.clone())
        .with_flag("identity.execution_role", "--execution-role", execution_role.clone())
        .with_flag("engine.host", "--host", host.clone());
    Settings::read(&sources)
}

fn pull(
    job: Job,
    arguments: &Pull,
    settings: &Settings,
    engine: &DockerAddress,
    interrupt: &CancellationToken,
) -> io::Result<Report> {
    let limits = Limits {
        concurrency: settings.concurrency,
        deadlines: Deadlines { idle: settings.idle_timeout, total: settings.total_timeout },
        backoff: Backoff::new(WAITS.0, WAITS.1, settings.attempts).map_err(io::Error::other)?,
        fail_fast: arguments.fail_fast,
    };
    let progress = progress::of(job.images(), arguments.quiet);
    let store = Arc::new(Aws::new(settings.secrets_timeout));
    // One thread is enough: the engine does the work, and what waits for it needs none.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = job.pull(&store, engine, &limits, &*progress, interrupt);
    let report = runtime.block_on(until_interrupted(interrupt, work));
    // A name resolution that hangs blocks a thread of the runtime, and nobody waits for it.
    runtime.shutdown_background();
    report
}

fn write(report: &Report, output: Output) -> io::Result<()> {
    let text = match output {
        Output::Text => text::render(report, terminal_width()),
        Output::Json => serde_json::to_string_pretty(report).map_err(io::Error::other)? + "\n",
    };
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// The columns of the terminal that the result goes to, if it goes to one.
fn terminal_width() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(terminal_size::Width(columns), _)| usize::from(columns).max(40))
}
