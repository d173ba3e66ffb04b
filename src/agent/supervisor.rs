//! The parts of a running agent, started together and ended in order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::api::Server;
use super::cluster_prefetch::{ClusterPrefetchSettings, ClusterPrefetcher};
use super::folder::WatchedFolder;
use super::job::JobId;
use super::job_store::JobStore;
use super::observer::AgentObserver;
use super::systemd::ServiceManager;
use super::worker::{JobExecutor, Shutdown, Worker};
use crate::config::FolderSettings;

/// What an agent is made of.
pub struct Supervisor<'a> {
    /// What is accepted.
    pub desk: &'a Arc<JobStore>,
    /// Who carries it out.
    pub work: &'a dyn JobExecutor,
    /// Who is told.
    pub witness: &'a dyn AgentObserver,
    /// Whom it listens to.
    pub server: &'a Server<'a>,
    /// Who has started it.
    pub service_manager: &'a ServiceManager,
    /// How long a request is tried again whose failure may pass.
    pub give_up_after: Duration,
    /// How long what is under way may go on once the agent is to end.
    pub drain_timeout: Duration,
    /// The folder that is watched.
    pub folder: &'a FolderSettings,
    /// The cluster that is kept warm, where there is one.
    pub warming: Option<ClusterPrefetchSettings<'a>>,
}

impl Supervisor<'_> {
    /// Runs until `stop.drain`, and then until nothing is under way, for so long as it may be.
    pub async fn run(&self, accepted: mpsc::UnboundedReceiver<JobId>, stop: &Shutdown) {
        let Self { desk, work, witness, server, service_manager, give_up_after, drain_timeout, folder, warming } =
            *self;
        let runner = Worker { desk, work, witness, give_up_after };
        let folder = WatchedFolder { desk, witness, settings: folder };
        let warm = async {
            if let Some(warming) = warming {
                ClusterPrefetcher::new(desk, warming).run(&stop.drain).await;
            }
        };
        let over = CancellationToken::new();
        let runner = async {
            runner.run(accepted, stop).await;
            over.cancel();
        };
        let parts = async { tokio::join!(runner, server.run(stop, &over), folder.run(&stop.drain), warm) };
        let deadline = async {
            stop.drain.cancelled().await;
            if timeout(drain_timeout, stop.now.cancelled()).await.is_err() {
                stop.now.cancel();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            // First: a runner with nothing under way is gone as soon as it is to end, and that it
            // ends is to be told before.
            _ = service_manager.serve(desk, work, &stop.drain, drain_timeout) => {}
            ((), (), (), ()) = parts => {}
            () = deadline => {}
        }
    }
}
