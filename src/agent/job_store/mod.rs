//! All jobs of an agent: accepted, listed and cancelled here.
//!
//! - A job that a caller submitted is in the journal before it is acknowledged. Once it has
//!   ended, its report stays on disk, and the newest `history` of them can be listed.
//! - A managed job, which the watched folder or the cluster created, is in memory only: its source
//!   is authoritative. Only its last result is stored.
//!
//! Invariant: a job that was acknowledged is never lost. Must not run a job: that is the worker's
//! task.

mod active_job;
mod job_index;
#[expect(clippy::module_inception, reason = "the file has the name of its type")]
mod job_store;
mod job_store_error;

pub use active_job::{ActiveJob, JobCounts, JobPhase, JobSnapshot, JobState};
pub use job_store::{AcceptedJob, JobStore, StoreLimits};
pub use job_store_error::JobStoreError;
