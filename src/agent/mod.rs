//! The agent: requests accepted, kept, carried out and told of, for as long as the host runs.
//!
//! Nothing accepted is lost: a request is on disk before it is acknowledged ([`Journal`]), and
//! what was open when the agent ended goes on when it begins again. No secret is ever in that
//! state. What the watched folder and the cluster want is their own to keep, and in memory
//! alone here. What is done for a request is the pipeline's business ([`Work`]); whom the agent
//! listens to is [`api`]'s.

pub mod api;
pub mod audit;
mod client;
mod client_error;
mod cluster_prefetch;
#[cfg(test)]
mod error_catalogue;
mod folder;
mod jitter;
mod job;
mod job_counts;
mod job_events;
mod job_store;
mod job_store_error;
mod journal;
mod journal_error;
pub mod metrics;
mod observer;
mod supervisor;
mod systemd;
mod worker;

pub use api::Right;
pub use audit::{AuditError, AuditLog};
pub use client::{Client, Events};
pub use client_error::ClientError;
pub use cluster_prefetch::{ClusterApi, ClusterPrefetchSettings};
pub use job::{Job, JobId, JobResult, JobSource, Peer, Submission, Timestamp};
pub use job_counts::JobCounts;
pub use job_events::JobEvents;
pub use job_store::{AcceptedJob, ActiveJob, JobPhase, JobSnapshot, JobState, JobStore, StoreLimits};
pub use job_store_error::JobStoreError;
pub use journal::{EndRecord, Journal, JournalRecord, LoadedJournal};
pub use journal_error::JournalError;
pub use metrics::AgentMetrics;
pub use observer::{AccessDecision, AgentObserver, CredentialIssued, ObserverSet};
pub use supervisor::Supervisor;
pub use systemd::{ServiceManager, handed_over};
pub use worker::{JobExecutor, JobPlan, Shutdown, Worker};
