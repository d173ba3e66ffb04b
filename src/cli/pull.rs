//! `taskpull pull`.

use std::convert::Infallible;
use std::io::{self, Write as _};

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::arguments::{Output, Pull};
use super::exit::Exit;
use super::setup::Setup;
use super::{complain, input, interrupt, log, progress, tell};
use crate::config::table::{
    BEHAVIOR, CONCURRENCY, ENGINE_CONTEXT, ENGINE_HOST, EXECUTION_ROLE, PLATFORM, SECRETS_STAGE,
};
use crate::config::{ConfigError, Settings, Sources};
use crate::error::Failure;
use crate::report::{Report, text};

/// Runs it.
pub(super) fn run(arguments: &Pull) -> Exit {
    let settings = match settings(arguments) {
        Ok(settings) => settings,
        Err(error) => {
            complain(&Failure::from(&error));
            return Exit::Configuration;
        }
    };
    log::start(&settings.log_filter);
    let setup = match Setup::new(&settings, arguments.fail_fast) {
        Ok(setup) => setup,
        Err(failure) => {
            complain(&failure);
            return Exit::Configuration;
        }
    };
    if let Some(context) = &setup.by_current_context {
        tell(&format!("note: the engine is {}, of Docker's current context `{context}`", setup.engine));
    }
    if setup.engine.is_in_clear() {
        tell(&format!("warning: {} is without TLS: logins go over the network in clear", setup.engine));
    }
    let job = setup.plan(input::read(&arguments.inputs));
    job.warnings().for_each(|warning| tell(&format!("warning: {warning}")));
    let interrupt = CancellationToken::new();
    if arguments.dry_run {
        return write(&job.dry_run(), arguments.output, &interrupt);
    }
    // This thread does the work, the other one listens for signals.
    let runtime = match Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(&format!("error: the runtime could not be started: {error}"));
            return Exit::Internal;
        }
    };
    let progress = progress::of(job.images(), arguments.quiet);
    let work = job.pull(&setup.credentials, &setup.engine, &setup.limits, &*progress, &interrupt);
    let exit = match runtime.block_on(until_interrupted(&interrupt, work)) {
        Ok(report) => write(&report, arguments.output, &interrupt),
        Err(error) => {
            tell(&format!("error: signals cannot be watched for: {error}"));
            Exit::Internal
        }
    };
    // A name resolution that hangs blocks a thread of the runtime, and nobody waits for it.
    runtime.shutdown_background();
    exit
}

fn settings(arguments: &Pull) -> Result<Settings, ConfigError> {
    let Pull { behavior, platform, concurrency, execution_role, secret_stage, host, context, config, .. } = arguments;
    let sources = Sources::of_process(config.as_deref())?
        .with_flag(&BEHAVIOR, "--behavior", behavior.clone())
        .with_flag(&PLATFORM, "--platform", platform.clone())
        .with_flag(&CONCURRENCY, "--concurrency", concurrency.clone())
        .with_flag(&EXECUTION_ROLE, "--execution-role", execution_role.clone())
        .with_flag(&SECRETS_STAGE, "--secret-stage", secret_stage.clone())
        .with_flag(&ENGINE_HOST, "--host", host.clone())
        .with_flag(&ENGINE_CONTEXT, "--context", context.clone());
    Settings::read(&sources)
}

/// Runs the work beside a watch for signals, and says when one came.
async fn until_interrupted(interrupt: &CancellationToken, work: impl Future<Output = Report>) -> io::Result<Report> {
    interrupt::watch(interrupt.clone())?;
    let told = async {
        interrupt.cancelled().await;
        tell("interrupted: ending the pulls (once more to end at once)");
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        biased;
        never = told => match never {},
        report = work => Ok(report),
    }
}

fn write(report: &Report, output: Output, interrupt: &CancellationToken) -> Exit {
    let text = match output {
        Output::Text => Ok(text::render(report, terminal_width())),
        Output::Json => serde_json::to_string_pretty(report).map(|text| text + "\n").map_err(io::Error::other),
    };
    let mut stdout = io::stdout().lock();
    let written = text.and_then(|text| stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
    match written {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            tell(&format!("error: the result could not be written: {error}"));
            Exit::Internal
        }
        _ if interrupt.is_cancelled() => Exit::Interrupted,
        _ => report.verdict().into(),
    }
}

/// The columns of the terminal that the result goes to, if it goes to one.
fn terminal_width() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(terminal_size::Width(columns), _)| usize::from(columns).max(40))
}
