//! The arguments of a handler: the state that all connections share, and the caller of this one.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::access::{Access, Rights};
use crate::agent::{AgentObserver, JobExecutor, JobStore, Peer};

/// The state that all connections share.
pub struct ApiState {
    /// Stores the jobs, in memory and in the journal.
    pub job_store: Arc<JobStore>,
    /// Plans jobs, checks the engine and obtains logins.
    pub executor: Arc<dyn JobExecutor>,
    /// Observes every access decision and every issued login.
    pub observer: Arc<dyn AgentObserver>,
    /// The operator's lists; a reload of the settings replaces them.
    pub access: Arc<RwLock<Access>>,
    /// Renders the metrics in the Prometheus text format.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// Longest wait for a part of a request, and for a client that reads a response.
    pub request_timeout: Duration,
}

impl ApiState {
    /// Calls `use_access` with the current lists, which stay locked meanwhile.
    pub(super) fn with_access<T>(&self, use_access: impl FnOnce(&Access) -> T) -> T {
        use_access(&self.access.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The process at the other end of a connection and its rights, determined once per connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub peer: Peer,
    pub rights: Rights,
}
