//! `taskpull serve`: the agent.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use rustix::fs::Mode;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::arguments::Serve;
use super::cluster::cluster;
use super::setup::AppContext;
use super::{complain, log, tell};
use crate::agent::api::{Access, ApiState, Server, Socket, SocketError};
use crate::agent::metrics::{DownloadCounter, MetricsListener};
use crate::agent::{
    self, AccessDecision, AgentMetrics, AgentObserver, AuditLog, BrokenFile, ClusterPrefetchSettings, Job, JobEvents,
    JobExecutor, JobPlan, JobResult, JobStore, Journal, ObserverSet, Peer, ServiceManager, Shutdown, StoreLimits,
    Submission, Supervisor,
};
use crate::config::table::{AGENT_SOCKET, AGENT_STATE_FOLDER, ENGINE_HOST};
use crate::config::{AgentSettings, ConfigError, Settings, Sources};
use crate::error::ExitCode;
use crate::error::Failure;
use crate::pipeline::{
    AwsClient, CachingCredentialProvider, CredentialObserver, ImageReference, Input, IssuedLogin, LoginProvider,
    PullLimiter, PullRun, reach,
};
use crate::report::Report;

/// How long the settings may take to be read again; a signal that comes meanwhile waits.
const RELOAD_WITHIN: Duration = Duration::from_secs(5);

/// Runs it.
pub(super) fn run(arguments: &Serve) -> ExitCode {
    let metrics = Arc::default();
    let served =
        prepared(arguments, &metrics).and_then(|(settings, parts)| serve(arguments, &settings, parts, &metrics));
    served.unwrap_or_else(|failure| {
        complain(&failure);
        ExitCode::Configuration
    })
}

fn prepared(arguments: &Serve, metrics: &Arc<AgentMetrics>) -> Result<(Settings, AgentComponents), Failure> {
    let settings = settings(arguments)?;
    let watch: Arc<dyn CredentialObserver> = Arc::clone(metrics) as _;
    let mut setup = AppContext::watched_by(&watch, &settings, false, PullLimiter::for_many_runs)?;
    // Who else had an image pulled is not known here: a copy serves whoever may have it.
    setup.limits.caching.verify_access.get_or_insert(true);
    let logins = setup.logins(&settings)?;
    Ok((settings, AgentComponents { setup, logins }))
}

fn settings(Serve { socket, state_folder, host, config }: &Serve) -> Result<Settings, ConfigError> {
    let sources = Sources::from_process(config.as_deref())?
        .with_flag(&AGENT_SOCKET, "--socket", socket.clone())
        .with_flag(&AGENT_STATE_FOLDER, "--state-folder", state_folder.clone())
        .with_flag(&ENGINE_HOST, "--host", host.clone());
    Settings::read(&sources)
}

fn serve(
    arguments: &Serve,
    settings: &Settings,
    parts: AgentComponents,
    metrics: &Arc<AgentMetrics>,
) -> Result<ExitCode, Failure> {
    let traces = log::start_with_traces(settings);
    // What this process makes is its user's alone; the socket gets its mode by name.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    // Nor does any program that it starts, such as a credential helper, gain a right.
    if let Err(error) = rustix::thread::set_no_new_privs(true) {
        tell(&format!("warning: programs that are started here may gain privileges: {error}"));
    }
    let (journal, found) = Journal::open(&settings.agent.state_folder)?;
    for BrokenFile { path, error } in &found.broken {
        tell(&format!("warning: {} is not a stored request and is ignored: {error}", path.display()));
    }
    // Before there is a second thread: it forgets the variables that tell of a socket.
    let socket = socket(&settings.agent)?;
    log::send(&traces);
    let (audit, listener) = watching(settings, metrics)?;
    let witness: Arc<dyn AgentObserver> =
        Arc::new(ObserverSet(vec![Arc::new(JobLog), Arc::clone(metrics) as _, Arc::clone(&audit) as _]));
    let watch: Arc<dyn CredentialObserver> = Arc::clone(metrics) as _;
    let cluster = cluster(settings, &watch)?;
    let (to_runner, accepted) = mpsc::unbounded_channel();
    let room = StoreLimits { open: settings.agent.open_requests.get(), history: settings.agent.history.get() };
    let desk = Arc::new(JobStore::new(journal, found.records, room, to_runner));
    let work = Arc::new(PipelineExecutor { parts: Mutex::new(Arc::new(parts)), metrics: Arc::clone(metrics) });
    let shared = shared(settings, &desk, &work, &witness);
    let access = Arc::clone(&shared.access);
    let service_manager = ServiceManager::default();
    let runtime = match Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(&format!("error: the runtime could not be started: {error}"));
            return Ok(ExitCode::Internal);
        }
    };
    let served = runtime.block_on(async {
        let server = Server { state: shared, listener: &socket.listener()? };
        let supervisor = Supervisor {
            job_store: &desk,
            executor: &*work,
            observer: &*witness,
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
        let stop = Shutdown::default();
        let signals = signals(arguments, &work, (&access, &audit, &service_manager), &stop)?;
        let listening = async {
            match listener {
                Some(listener) => listener.serve(|| metrics.render(&desk)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = supervisor.run(accepted, &stop) => io::Result::Ok(()),
            () = signals => Ok(()),
            ended = listening => ended,
        }
    });
    // A name resolution that hangs blocks a thread of the runtime, and nobody waits for it.
    runtime.shutdown_background();
    audit.close();
    Ok(match served {
        Ok(()) => ExitCode::Success,
        Err(error) => {
            tell(&format!("error: the agent could not be started: {error}"));
            ExitCode::Internal
        }
    })
}

/// What writes the audit trail and what serves the metrics.
fn watching(
    settings: &Settings,
    metrics: &Arc<AgentMetrics>,
) -> Result<(Arc<AuditLog>, Option<MetricsListener>), Failure> {
    let audit = AuditLog::open(&settings.audit.to, Arc::clone(metrics))?;
    let listener = settings.metrics.listen.map(MetricsListener::bind).transpose()?;
    if let Some(listener) = &listener {
        tell(&format!("the metrics are at http://{}/metrics", listener.address()));
    }
    Ok((Arc::new(audit), listener))
}

fn socket(settings: &AgentSettings) -> Result<Socket, SocketError> {
    let socket = match agent::take_activation_socket().map_err(SocketError::Activation)? {
        Some(listener) => Socket::activated(listener),
        None => Socket::bind(&settings.socket, &settings.socket_group)?,
    };
    if let Some(warning) = socket.warning() {
        tell(&format!("warning: {warning}"));
    }
    Ok(socket)
}

/// Who may do what, by number.
fn access(settings: &Settings) -> Access {
    let (access, unknown) = Access::resolve(&settings.access);
    // That the socket's group is missing has been said.
    for who in unknown.iter().filter(|who| **who != format!("group {}", settings.agent.socket_group)) {
        tell(&format!("warning: `access.*` names {who}, and there is none"));
    }
    access
}

/// What the socket's connections need.
fn shared(
    settings: &Settings,
    desk: &Arc<JobStore>,
    work: &Arc<PipelineExecutor>,
    witness: &Arc<dyn AgentObserver>,
) -> Arc<ApiState> {
    let (requests, numbers) = (Arc::clone(desk), Arc::clone(&work.metrics));
    Arc::new(ApiState {
        job_store: Arc::clone(desk),
        executor: Arc::<PipelineExecutor>::clone(work),
        observer: Arc::clone(witness),
        access: Arc::new(RwLock::new(access(settings))),
        metrics: Box::new(move || numbers.render(&requests)),
        request_timeout: settings.agent.request_timeout,
    })
}

/// Waits for signals: the first SIGTERM or Ctrl-C drains, the second ends, SIGHUP reads the
/// configuration again and opens the audit trail anew.
fn signals<'a>(
    arguments: &'a Serve,
    work: &'a PipelineExecutor,
    (access, audit, service_manager): (&'a RwLock<Access>, &'a AuditLog, &'a ServiceManager),
    stop: &'a Shutdown,
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
                    service_manager.reload(work.reload(arguments, access)).await;
                    audit.reopen();
                    continue;
                }
            }
            if stop.drain.is_cancelled() {
                stop.abort.cancel();
            }
            stop.drain.cancel();
        }
    })
}

/// What the settings make: pulls, and logins for other programs, with one keeping of both.
struct AgentComponents {
    setup: AppContext,
    logins: LoginProvider<CachingCredentialProvider<AwsClient>>,
}

/// The pipeline, as the settings have it now.
struct PipelineExecutor {
    parts: Mutex<Arc<AgentComponents>>,
    metrics: Arc<AgentMetrics>,
}

impl PipelineExecutor {
    fn parts(&self) -> Arc<AgentComponents> {
        Arc::clone(&self.parts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the settings again. What is under way goes on as it began; settings that are
    /// wrong change nothing.
    async fn reload(&self, arguments: &Serve, lists: &RwLock<Access>) {
        let (arguments, metrics) = (arguments.clone(), Arc::clone(&self.metrics));
        // Beside the task that carries the requests out: a disk may not answer, nor a directory
        // service that is asked for a group.
        let read = tokio::task::spawn_blocking(move || {
            prepared(&arguments, &metrics).map(|(settings, parts)| (access(&settings), parts))
        });
        let Ok(Ok(read)) = timeout(RELOAD_WITHIN, read).await else {
            return tell("the configuration could not be read in time, and the one before stays in force");
        };
        match read {
            Ok((found, parts)) => {
                *lists.write().unwrap_or_else(PoisonError::into_inner) = found;
                *self.parts.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(parts);
                tell("the configuration was read again");
            }
            Err(failure) => {
                complain(&failure);
                tell("the configuration before stays in force");
            }
        }
    }
}

impl JobExecutor for PipelineExecutor {
    fn plan(&self, source: &str, definition: &[u8]) -> JobPlan {
        let job = job(&self.parts().setup, source, definition);
        JobPlan { subjects: job.subjects(), report: job.dry_run() }
    }

    fn check_engine(&self) -> BoxFuture<'_, Result<(), Failure>> {
        async {
            let setup = &self.parts().setup;
            reach(&setup.engine, &setup.limits.deadlines).await.map_err(Failure::from)
        }
        .boxed()
    }

    fn login<'a>(&'a self, image: &'a ImageReference) -> BoxFuture<'a, Result<Option<IssuedLogin>, Arc<Failure>>> {
        async move { self.parts().logins.login(image).await }.boxed()
    }

    fn run<'a>(
        &'a self,
        submission: &'a Submission,
        events: &'a JobEvents,
        interrupt: &'a CancellationToken,
    ) -> BoxFuture<'a, Report> {
        async move {
            let setup = &self.parts().setup;
            let job = job(setup, submission.source.as_str(), submission.definition.as_bytes());
            events.start(job.subjects());
            let progress = DownloadCounter::new(&self.metrics, events);
            job.pull(&*setup.credentials, &setup.engine, &setup.traffic, &setup.limits, &progress, interrupt).await
        }
        .boxed()
    }
}

fn job(setup: &AppContext, source: &str, definition: &[u8]) -> PullRun {
    setup.plan(vec![Input { source: source.to_owned(), text: Ok(definition.to_vec()) }])
}

/// What came of each request, as a line of the log.
struct JobLog;

impl AgentObserver for JobLog {
    fn job_ended(&self, job: &Job, result: JobResult, report: &Report) {
        let images = report.tasks.iter().map(|task| task.containers.len()).sum::<usize>();
        tracing::info!(id = %job.id, source = %job.submission.source, ?result, images, "request ended");
    }

    fn access_decided(
        &self,
        AccessDecision { caller: Peer { uid, gid }, right, allowed, request }: &AccessDecision<'_>,
    ) {
        if *allowed {
            tracing::debug!(uid, gid, ?right, request, "access allowed");
        } else {
            tracing::warn!(uid, gid, ?right, request, "access refused");
        }
    }
}
