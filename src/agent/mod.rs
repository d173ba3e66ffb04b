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
mod desk;
mod desk_error;
#[cfg(test)]
mod error_catalogue;
mod feed;
mod folder;
mod journal;
mod journal_error;
pub mod metrics;
mod request;
mod runner;
mod schedule;
mod supervisor;
mod systemd;
mod tally;
mod warm;
mod witness;

pub use api::Right;
pub use audit::{AuditError, AuditLog};
pub use client::{Client, Events};
pub use client_error::ClientError;
pub use desk::{Accepted, Desk, Open, Phase, Room, Standing, View};
pub use desk_error::DeskError;
pub use feed::Feed;
pub use journal::{Ended, Found, Journal, Record};
pub use journal_error::JournalError;
pub use metrics::AgentMetrics;
pub use request::{Ending, Moment, Origin, Peer, Request, RequestId, Submission};
pub use runner::{Plan, Runner, Stop, Work};
pub use supervisor::Supervisor;
pub use systemd::{ServiceManager, handed_over};
pub use tally::Tally;
pub use warm::{Cluster, Warming};
pub use witness::{Decision, Given, Witness, Witnesses};
