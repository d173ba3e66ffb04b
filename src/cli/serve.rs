//! `taskpull serve`: the agent.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _};
use rustix::fs::Mode;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::arguments::Serve;
use super::exit::Exit;
use super::setup::Setup;
use super::{complain, log, tell};
use crate::agent::{
    Desk, Ending, Feed, Journal, Request, Room, ServiceManager, Stop, Submission, Supervisor, Witness, Work,
};
use crate::config::table::{AGENT_SOCKET, AGENT_STATE_FOLDER, ENGINE_HOST};
use crate::config::{ConfigError, Settings, Sources};
use crate::error::Failure;
use crate::pipeline::{Input, Traffic, reach};
use crate::report::Report;

/// Runs it.
pub(super) fn run(arguments: &Serve) -> Exit {
    match prepared(arguments) {
        Ok((settings, setup)) => serve(arguments, &settings, setup),
        Err(failure) => {
            complain(&failure);
            Exit::Configuration
        }
    }
}

fn prepared(arguments: &Serve) -> Result<(Settings, Setup), Failure> {
    let settings = settings(arguments).map_err(|error| Failure::from(&error))?;
    let mut setup = Setup::new(&settings, false, Traffic::of_many_runs)?;
    // Who else had an image pulled is not known here: a copy serves whoever may have it.
    setup.limits.caching.verify_access.get_or_insert(true);
    Ok((settings, setup))
}

fn settings(Serve { socket, state_folder, host, config }: &Serve) -> Result<Settings, ConfigError> {
    let sources = Sources::of_process(config.as_deref())?
        .with_flag(&AGENT_SOCKET, "--socket", socket.clone())
        .with_flag(&AGENT_STATE_FOLDER, "--state-folder", state_folder.clone())
        .with_flag(&ENGINE_HOST, "--host", host.clone());
    Settings::read(&sources)
}

fn serve(arguments: &Serve, settings: &Settings, setup: Setup) -> Exit {
    log::start(&settings.log_filter);
    // What this process makes is its user's alone; the socket gets its mode by name.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    // Nor does any program that it starts, such as a credential helper, gain a right.
    if let Err(error) = rustix::thread::set_no_new_privs(true) {
        tell(&format!("warning: programs that are started here may gain privileges: {error}"));
    }
    let (journal, found) = match Journal::open(&settings.agent.state_folder) {
        Ok(opened) => opened,
        Err(error) => {
            complain(&Failure::from(&error));
            return Exit::Configuration;
        }
    };
    for (file, why) in &found.broken {
        tell(&format!("warning: {} is no request of this agent's: {why}", file.display()));
    }
    let (to_runner, accepted) = mpsc::unbounded_channel();
    let room = Room { open: settings.agent.open_requests.get(), history: settings.agent.history.get() };
    let desk = Arc::new(Desk::new(journal, found.records, room, to_runner));
    let work = Pulling(Mutex::new(Arc::new(setup)));
    let service_manager = ServiceManager::default();
    let runtime = match Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(&format!("error: the runtime could not be started: {error}"));
            return Exit::Internal;
        }
    };
    let served = runtime.block_on(async {
        let supervisor = Supervisor {
            desk: &desk,
            work: &work,
            witness: &Log,
            service_manager: &service_manager,
            give_up_after: settings.agent.give_up_after,
            drain_timeout: settings.agent.drain_timeout,
        };
        let stop = Stop::default();
        let signals = signals(arguments, &work, &service_manager, &stop)?;
        tokio::select! {
            () = supervisor.run(accepted, &stop) => io::Result::Ok(()),
            () = signals => Ok(()),
        }
    });
    // A name resolution that hangs blocks a thread of the runtime, and nobody waits for it.
    runtime.shutdown_background();
    match served {
        Ok(()) => Exit::Good,
        Err(error) => {
            tell(&format!("error: the agent could not be started: {error}"));
            Exit::Internal
        }
    }
}

/// Waits for signals: the first SIGTERM or Ctrl-C drains, the second ends, SIGHUP reads the
/// configuration again.
fn signals<'a>(
    arguments: &'a Serve,
    work: &'a Pulling,
    service_manager: &'a ServiceManager,
    stop: &'a Stop,
) -> io::Result<impl Future<Output = ()> + use<'a>> {
    let mut ctrl_c = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = ctrl_c.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {
                    service_manager.reload(|| work.reload(arguments));
                    continue;
                }
            }
            if stop.drain.is_cancelled() {
                stop.now.cancel();
            }
            stop.drain.cancel();
        }
    })
}

/// The pipeline, as the settings have it now.
struct Pulling(Mutex<Arc<Setup>>);

impl Pulling {
    fn setup(&self) -> Arc<Setup> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the settings again. What is under way goes on as it began; settings that are
    /// wrong change nothing.
    fn reload(&self, arguments: &Serve) {
        match prepared(arguments) {
            Ok((_, setup)) => {
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(setup);
                tell("the configuration was read again");
            }
            Err(failure) => {
                complain(&failure);
                tell("the configuration before stays in force");
            }
        }
    }
}

impl Work for Pulling {
    fn run<'a>(
        &'a self,
        Submission { source, definition, .. }: &'a Submission,
        feed: &'a Feed,
        interrupt: &'a CancellationToken,
    ) -> BoxFuture<'a, Report> {
        async move {
            let setup = self.setup();
            let text = Ok(definition.clone().into_bytes());
            let job = setup.plan(vec![Input { source: source.to_string(), text }]);
            feed.begin(job.subjects());
            job.pull(&setup.credentials, &setup.engine, &setup.traffic, &setup.limits, feed, interrupt).await
        }
        .boxed()
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), Failure>> {
        async {
            let setup = self.setup();
            reach(&setup.engine, &setup.limits.deadlines).await.map_err(|error| Failure::from(&error))
        }
        .boxed()
    }
}

/// What came of each request, as a line of the log.
struct Log;

impl Witness for Log {
    fn ended(&self, request: &Request, how: Ending, report: &Report) {
        let images = report.tasks.iter().map(|task| task.containers.len()).sum::<usize>();
        tracing::info!(id = %request.id, source = %request.submission.source, ?how, images, "ended");
    }
}
