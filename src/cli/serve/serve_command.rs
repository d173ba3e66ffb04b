//! Builds the agent from its components, and runs it until a signal ends it.

use std::io;
use std::sync::{Arc, RwLock};

use rustix::fs::Mode;
use tokio::sync::mpsc;

use super::agent_signals::AgentSignals;
use super::components::Configuration;
use super::job_log::JobLog;
use super::pipeline_executor::PipelineExecutor;
use super::socket_access::{access, socket};
use crate::agent::api::{ApiState, Server};
use crate::agent::metrics::MetricsListener;
use crate::agent::{
    self, AgentMetrics, AgentObserver, AuditLog, BrokenFile, ClusterPrefetchSettings, JobStore, Journal, ObserverSet,
    ServiceManager, Shutdown, StoreLimits, Supervisor,
};
use crate::cli::arguments::ServeArguments;
use crate::cli::cluster::cluster;
use crate::cli::command_error::CommandError;
use crate::cli::log;
use crate::cli::runtime::{self, Threads};
use crate::cli::terminal::stderr::print_line;
use crate::config::Settings;
use crate::credential::CredentialObserver;
use crate::error::{ExitCode, Failure};

/// Runs the command.
pub(in crate::cli) fn run(arguments: &ServeArguments) -> Result<ExitCode, CommandError> {
    let metrics = Arc::default();
    let configuration = Configuration::load(arguments, &metrics).map_err(CommandError::configuration)?;
    serve(arguments, configuration, &metrics)
}

fn serve(
    arguments: &ServeArguments,
    Configuration { settings, components }: Configuration,
    metrics: &Arc<AgentMetrics>,
) -> Result<ExitCode, CommandError> {
    let traces = log::start_with_traces(&settings);
    agent::report_panics(metrics);
    restrict_process();
    let (journal, loaded) = Journal::open(&settings.agent.state_folder).map_err(CommandError::configuration)?;
    for BrokenFile { path, error } in &loaded.broken {
        print_line(&format!("warning: {} is not a stored request and is ignored: {error}", path.display()));
    }
    let socket = socket(&settings.agent).map_err(CommandError::configuration)?;
    // From here on there may be other threads.
    log::start_export(&traces);
    let audit = AuditLog::open(&settings.audit.to, Arc::clone(metrics)).map_err(CommandError::configuration)?;
    let audit = Arc::new(audit);
    let metrics_listener = metrics_listener(&settings).map_err(CommandError::configuration)?;
    let observer: Arc<dyn AgentObserver> =
        Arc::new(ObserverSet(vec![Arc::new(JobLog), Arc::clone(metrics) as _, Arc::clone(&audit) as _]));
    let credential_observer: Arc<dyn CredentialObserver> = Arc::clone(metrics) as _;
    let cluster = cluster(&settings, &credential_observer).map_err(CommandError::configuration)?;
    let (queue, accepted) = mpsc::unbounded_channel();
    let limits = StoreLimits { open: settings.agent.open_requests.get(), history: settings.agent.history.get() };
    let job_store = Arc::new(JobStore::new(journal, loaded.records, limits, queue));
    let executor = Arc::new(PipelineExecutor::new(components, Arc::clone(metrics)));
    let state = api_state(&settings, &job_store, &executor, &observer);
    let access = Arc::clone(&state.access);
    let service_manager = ServiceManager::default();
    let result = runtime::run(Threads::Workers(2), async {
        let server = Server { state, listener: &socket.listener()? };
        let supervisor = Supervisor {
            job_store: &job_store,
            executor: &*executor,
            observer: &*observer,
            server: &server,
            service_manager: &service_manager,
            give_up_after: settings.agent.give_up_after,
            drain_timeout: settings.agent.drain_timeout,
            folder: &settings.folder,
            cluster: cluster.as_deref().map(|cluster| ClusterPrefetchSettings {
                cluster,
                interval: settings.ecs.interval,
                pull_interval: settings.ecs.pull_interval,
            }),
        };
        let shutdown = Shutdown::default();
        let signals = AgentSignals {
            arguments,
            executor: &executor,
            access: &access,
            audit: &audit,
            service_manager: &service_manager,
            shutdown: &shutdown,
        };
        let signals = signals.watch()?;
        let serve_metrics = async {
            match metrics_listener {
                Some(listener) => listener.serve(|| metrics.render(&job_store)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = supervisor.run(accepted, &shutdown) => io::Result::Ok(()),
            () = signals => Ok(()),
            result = serve_metrics => result,
        }
    })?;
    audit.close();
    match result {
        Ok(()) => Ok(ExitCode::Success),
        Err(error) => Err(CommandError::Message(format!("cannot start the agent: {error}"), ExitCode::Internal)),
    }
}

/// Makes new files private, and keeps child processes such as credential helpers from gaining privileges.
fn restrict_process() {
    // The socket gets its mode explicitly.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    if let Err(error) = rustix::thread::set_no_new_privs(true) {
        print_line(&format!("warning: cannot set no_new_privs; child processes may gain privileges: {error}"));
    }
}

fn metrics_listener(settings: &Settings) -> Result<Option<MetricsListener>, Failure> {
    let listener = settings.metrics.listen.map(MetricsListener::bind).transpose()?;
    if let Some(listener) = &listener {
        print_line(&format!("serving metrics at http://{}/metrics", listener.address()));
    }
    Ok(listener)
}

fn api_state(
    settings: &Settings,
    job_store: &Arc<JobStore>,
    executor: &Arc<PipelineExecutor>,
    observer: &Arc<dyn AgentObserver>,
) -> Arc<ApiState> {
    let (jobs, metrics) = (Arc::clone(job_store), Arc::clone(&executor.metrics));
    Arc::new(ApiState {
        job_store: Arc::clone(job_store),
        executor: Arc::<PipelineExecutor>::clone(executor),
        observer: Arc::clone(observer),
        access: Arc::new(RwLock::new(access(settings))),
        metrics: Box::new(move || metrics.render(&jobs)),
        request_timeout: settings.agent.request_timeout,
    })
}
