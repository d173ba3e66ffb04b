//! The agent: accepts task definitions as jobs, runs them, and reports their progress and results
//! for as long as the host runs.
//!
//! - A job that a caller submits is on disk before it is acknowledged ([`Journal`]), and continues
//!   after a restart. No secret is ever part of that state.
//! - Jobs of the watched folder and of the cluster (`prefetch`) are in memory only: their source is
//!   authoritative.
//! - What a job does is the pipeline's task ([`JobExecutor`]); which callers may use the agent is
//!   decided in [`api`].

pub mod api;
pub mod audit;
mod client;
mod client_error;
#[cfg(test)]
mod error_catalogue;
mod job;
mod job_events;
mod job_id;
mod job_store;
mod journal;
pub mod metrics;
mod observer;
mod panics;
mod prefetch;
mod supervisor;
mod systemd;
mod timestamp;
mod worker;

pub use api::Right;
pub use audit::{AuditError, AuditLog};
pub use client::{Client, Events};
pub use client_error::ClientError;
pub use job::{Job, JobResult, JobSource, Peer, Submission};
pub use job_events::JobEvents;
pub use job_id::JobId;
pub use job_store::{
    AcceptedJob, ActiveJob, JobCounts, JobPhase, JobSnapshot, JobState, JobStore, JobStoreError, StoreLimits,
};
pub use journal::{BrokenFile, EndRecord, Journal, JournalError, JournalRecord, LoadedJournal};
pub use metrics::AgentMetrics;
pub use observer::{AccessDecision, AgentObserver, CredentialIssued, ObserverSet};
pub use panics::report_panics;
pub use prefetch::{ClusterApi, ClusterPrefetchSettings};
pub use supervisor::Supervisor;
pub use systemd::{ServiceManager, take_activation_socket};
pub use timestamp::Timestamp;
pub use worker::{JobExecutor, JobPlan, Shutdown, Worker};

#[cfg(test)]
mod tests;
