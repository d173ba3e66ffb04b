//! Starts the components of an agent together, and stops them in order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::api::Server;
use super::job_id::JobId;
use super::job_store::JobStore;
use super::observer::AgentObserver;
use super::panics::restart_after_panic;
use super::prefetch::{ClusterPrefetchSettings, ClusterPrefetcher, WatchedFolder};
use super::systemd::ServiceManager;
use super::worker::{JobExecutor, Shutdown, Worker};
use crate::config::FolderSettings;

/// The components of an agent and their settings.
pub struct Supervisor<'a> {
    /// The jobs of the agent.
    pub job_store: &'a Arc<JobStore>,
    /// Executes each run of a job.
    pub executor: &'a dyn JobExecutor,
    /// Receives the events of the agent.
    pub observer: &'a dyn AgentObserver,
    /// Answers the requests on the socket.
    pub server: &'a Server<'a>,
    /// Receives the notifications for the service manager.
    pub service_manager: &'a ServiceManager,
    /// How long a job with temporary failures is retried, counted from its first run.
    pub give_up_after: Duration,
    /// How long running jobs may continue after the agent has received a signal to stop.
    pub drain_timeout: Duration,
    /// The settings of the watched folder.
    pub folder: &'a FolderSettings,
    /// The ECS cluster whose images are prefetched, if one is configured.
    pub cluster: Option<ClusterPrefetchSettings<'a>>,
}

impl Supervisor<'_> {
    /// Runs until `shutdown.drain` is cancelled, and then until no job runs any more or the drain
    /// timeout is over.
    pub async fn run(&self, queue: mpsc::UnboundedReceiver<JobId>, shutdown: &Shutdown) {
        let Self { job_store, executor, observer, drain_timeout, .. } = *self;
        let worker = Worker { job_store, executor, observer, give_up_after: self.give_up_after };
        let folder = WatchedFolder { job_store, observer, settings: self.folder };
        let mut prefetcher = self.cluster.map(|settings| ClusterPrefetcher::new(job_store, settings));
        let cluster = restart_after_panic("cluster", async || {
            if let Some(prefetcher) = &mut prefetcher {
                prefetcher.run(&shutdown.drain).await;
            }
        });
        let worker_ended = CancellationToken::new();
        let worker = async {
            worker.run(queue, shutdown).await;
            worker_ended.cancel();
        };
        let server = restart_after_panic("server", async || self.server.run(shutdown, &worker_ended).await);
        let service_manager = restart_after_panic("service manager", async || {
            self.service_manager.run(job_store, executor, &shutdown.drain, drain_timeout).await
        });
        let components = async { tokio::join!(worker, server, folder.run(&shutdown.drain), cluster) };
        let drain_deadline = async {
            shutdown.drain.cancelled().await;
            if timeout(drain_timeout, shutdown.abort.cancelled()).await.is_err() {
                shutdown.abort.cancel();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            // Polled first, so that systemd receives `STOPPING=1` before an idle worker ends.
            _ = service_manager => {}
            ((), (), (), ()) = components => {}
            () = drain_deadline => {}
        }
    }
}
