//! taskpull pulls the images of a task definition to this host, with the credentials that the
//! definition names. If a pull fails, the report names the link of the chain that broke, and how to
//! repair it.
//!
//! ```text
//! definition ──▶ TaskDefinition ──▶ PullPlan ──▶ PulledImage / Failure ──▶ Report
//!                    task            plan              pull                report
//! ```
//!
//! Each stage takes the result of the previous stage by value and does not depend on later stages;
//! [`pipeline`] connects them. [`identity`] selects the AWS principal of each request, [`secret`]
//! wraps secret values, [`error`] defines the common form of failures, [`retry`] computes backoffs,
//! and [`config`] contains the settings. [`credential_protocols`] gives logins to other programs
//! that pull, and [`traces`] exports spans. [`agent`] is the long-running process, and [`cli`] is
//! the command line. `ARCHITECTURE.md` lists the allowed dependencies between modules; a test
//! enforces them.

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
