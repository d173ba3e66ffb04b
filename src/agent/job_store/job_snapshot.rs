//! A job as the API shows it.

use std::sync::Arc;

use super::active_job::ActiveJob;
use crate::agent::job::{JobResult, JobSource};
use crate::agent::job_id::JobId;
use crate::agent::timestamp::Timestamp;
use crate::error::Printable;

/// One job at the moment of a query.
pub struct JobSnapshot {
    /// The id of the job.
    pub id: JobId,
    /// The name of its definition in reports.
    pub source: Printable,
    /// When the agent accepted it.
    pub accepted: Timestamp,
    /// Where it comes from.
    pub submitted_by: JobSource,
    /// Whether it has ended, and how.
    pub state: JobState,
}

/// Whether a job has ended.
pub enum JobState {
    /// The job has not ended.
    Open(Arc<ActiveJob>),
    /// The job has ended.
    Ended {
        /// When the job ended.
        at: Timestamp,
        /// How the job ended.
        result: JobResult,
    },
}
