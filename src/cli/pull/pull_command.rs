//! `taskpull pull`, in this process or through the agent.

use std::convert::Infallible;

use tokio_util::sync::CancellationToken;

use super::run_output::{FinishedRun, RunOutput, finish_dry_run};
use super::{input_files, pull_via_agent};
use crate::cli::app_context::AppContext;
use crate::cli::arguments::PullArguments;
use crate::cli::command_error::CommandError;
use crate::cli::pin::Pins;
use crate::cli::runtime::{self, Threads};
use crate::cli::terminal::stderr::print_line;
use crate::cli::{log, setup, signals};
use crate::config::table::{
    BEHAVIOR, CONCURRENCY, ENGINE_CONTEXT, ENGINE_HOST, EXECUTION_ROLE, PLATFORM, SECRETS_STAGE,
};
use crate::config::{ConfigError, Settings, Sources};
use crate::error::{ExitCode, Warning, WarningId};
use crate::pipeline::PullRun;
use crate::pull::PullLimiter;
use crate::report::WarningReport;

/// Runs the command.
pub(in crate::cli) fn run(arguments: &PullArguments) -> Result<ExitCode, CommandError> {
    if arguments.agent { run_via_agent(arguments) } else { run_here(arguments) }
}

fn run_via_agent(arguments: &PullArguments) -> Result<ExitCode, CommandError> {
    let inputs = input_files::read(&arguments.inputs);
    let pins = Pins::new(arguments.pin.as_deref(), &arguments.inputs, &inputs)?;
    let outcome = pull_via_agent::run(arguments, inputs)?;
    Ok(pins.map_or(outcome.exit_code, |pins| pins.write(&outcome.report, outcome.exit_code)))
}

fn run_here(arguments: &PullArguments) -> Result<ExitCode, CommandError> {
    let settings = settings(arguments).map_err(CommandError::configuration)?;
    // Declared first, so dropped last: the export of traces must not delay the result.
    let traces = log::start_with_traces(&settings);
    let context = AppContext::new(&settings, arguments.fail_fast, PullLimiter::for_one_run, &setup::no_observer())
        .map_err(CommandError::configuration)?;
    if let Some(docker_context) = &context.current_context {
        print_line(&format!(
            "note: using the engine at {}, from Docker's current context `{docker_context}`",
            context.engine
        ));
    }
    let inputs = input_files::read(&arguments.inputs);
    let pins = Pins::new(arguments.pin.as_deref(), &arguments.inputs, &inputs)?;
    let run = context.plan(inputs).with_warnings(clear_text_warning(&context));
    let known_warnings: Vec<_> = run.host_warnings().iter().map(WarningReport::from).collect();
    run.warnings().for_each(|warning| print_line(&format!("warning: {warning}")));
    if arguments.dry_run {
        let host_region = if run.needs_host_region() {
            runtime::run(Threads::Workers(1), context.credentials.host_region())?
        } else {
            None
        };
        return Ok(finish_dry_run(&run.dry_run(host_region.as_ref()), arguments));
    }
    log::start_export(&traces);
    let interrupt = CancellationToken::new();
    // The pulls run on this thread, the signal handlers on the other one.
    let mut finished = runtime::run(Threads::Workers(1), pull(run, &context, arguments, &interrupt))??;
    let warnings = finished.report.warnings.iter().filter(|warning| warning.is_about_host());
    let warnings = warnings.filter(|warning| !known_warnings.contains(warning));
    warnings.for_each(|warning| print_line(&format!("warning: {warning}")));
    let exit_code = finished.finish(arguments, &interrupt);
    Ok(pins.map_or(exit_code, |pins| pins.write(&finished.report, exit_code)))
}

fn settings(arguments: &PullArguments) -> Result<Settings, ConfigError> {
    let PullArguments { behavior, platform, concurrency, execution_role, secret_stage, host, context, config, .. } =
        arguments;
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

fn clear_text_warning(AppContext { engine, .. }: &AppContext) -> Option<Warning> {
    let message = || format!("{engine} has no TLS: logins are sent over the network in clear text");
    engine.sends_clear_text().then(|| Warning::new(WarningId::EngineWithoutTls, &message()))
}

/// Pulls, and meanwhile draws the progress and reacts to signals.
async fn pull(
    run: PullRun,
    context: &AppContext,
    arguments: &PullArguments,
    interrupt: &CancellationToken,
) -> Result<FinishedRun, CommandError> {
    signals::watch(interrupt.clone()).map_err(CommandError::signals)?;
    let output = RunOutput::new(arguments, run.subjects());
    let AppContext { credentials, engine, limiter, limits, .. } = context;
    let pulls = output.run(run.pull(&**credentials, engine, limiter, limits, &output, interrupt));
    let interrupted = async {
        interrupt.cancelled().await;
        print_line("interrupted: stopping the pulls (interrupt again to exit at once)");
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        biased;
        never = interrupted => match never {},
        never = output.display.draw() => match never {},
        finished = pulls => Ok(finished),
    }
}
