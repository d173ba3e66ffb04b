//! Logs the end of each request and each decision about a caller's rights.

use crate::agent::{AccessDecision, AgentObserver, Job, JobResult, Peer};
use crate::report::Report;

/// Logs the end of each request and each decision about a caller's rights.
pub(super) struct JobLog;

impl AgentObserver for JobLog {
    fn job_ended(&self, job: &Job, result: JobResult, report: &Report) {
        let images = report.tasks.iter().map(|task| task.containers.len()).sum::<usize>();
        tracing::info!(id = %job.id, source = %job.submission.source, ?result, images, "request ended");
    }

    fn access_decided(
        &self,
        AccessDecision { caller: Peer { uid, gid }, right, allowed, request }: &AccessDecision<'_>,
    ) {
        if *allowed {
            tracing::debug!(uid, gid, ?right, request, "access allowed");
        } else {
            tracing::warn!(uid, gid, ?right, request, "access refused");
        }
    }
}
