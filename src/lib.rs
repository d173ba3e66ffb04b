//! taskpull: given a task definition, put each container's image on this host with that
//! task's own credentials; when that fails, say which link broke and how to mend it.
//!
//! ```text
//! definition ──▶ TaskDefinition ──▶ PullPlan ──▶ PulledImage / Failure ──▶ Report
//!                    task            plan              pull                report
//! ```
//!
//! Each stage takes the one before by value and knows nothing of those after it;
//! [`pipeline`] joins them. `identity` says who asks, [`secret`] wraps what must not be
//! seen, [`error`] says what a failure owes its reader, [`retry`] how long to wait,
//! [`config`] what the operator wants, [`credential_protocols`] what other programs that pull are told,
//! [`traces`] what a collector is. [`agent`] runs for as long as the host does, [`cli`] is the
//! program. `ARCHITECTURE.md` has the table of who may know whom, and a test holds the tree to it.

pub mod agent;
pub mod answers;
pub mod aws;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod credential;
pub mod credential_protocols;
pub mod engine;
pub mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod identity;
pub mod pipeline;
pub mod plan;
pub mod pull;
pub mod registry;
pub(crate) mod regular_file;
pub mod report;
pub mod retry;
pub mod secret;
pub mod secret_authoring;
pub mod sync;
pub mod task;
pub mod traces;
