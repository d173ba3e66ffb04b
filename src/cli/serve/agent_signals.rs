//! The agent's signals: the first SIGTERM or Ctrl-C drains, the second ends, SIGHUP reloads the
//! configuration and reopens the audit log.

use std::io;
use std::sync::RwLock;

use tokio::signal::unix::{SignalKind, signal};

use super::pipeline_executor::PipelineExecutor;
use crate::agent::api::Access;
use crate::agent::{AuditLog, ServiceManager, Shutdown};
use crate::cli::arguments::ServeArguments;

/// What the signals act on.
pub(super) struct AgentSignals<'a> {
    pub arguments: &'a ServeArguments,
    pub executor: &'a PipelineExecutor,
    pub access: &'a RwLock<Access>,
    pub audit: &'a AuditLog,
    pub service_manager: &'a ServiceManager,
    pub shutdown: &'a Shutdown,
}

impl<'a> AgentSignals<'a> {
    /// Installs the handlers and returns the future that acts on the signals.
    pub(super) fn watch(self) -> io::Result<impl Future<Output = ()> + use<'a>> {
        let mut ctrl_c = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        Ok(async move {
            loop {
                tokio::select! {
                    _ = ctrl_c.recv() => self.stop(),
                    _ = terminate.recv() => self.stop(),
                    _ = hang_up.recv() => self.reload().await,
                }
            }
        })
    }

    fn stop(&self) {
        if self.shutdown.drain.is_cancelled() {
            self.shutdown.abort.cancel();
        }
        self.shutdown.drain.cancel();
    }

    async fn reload(&self) {
        self.service_manager.reload(self.executor.reload(self.arguments, self.access)).await;
        self.audit.reopen();
    }
}
