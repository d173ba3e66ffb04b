//! What the watched folder and the cluster want: they are the truth about it, so nothing of it
//! is on disk, and of each definition the last result alone is kept.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::value::RawValue;

use super::job_index::{JobStage, ReportLocation};
use super::{ActiveJob, JobStore, raw};
use crate::agent::job::{Job, JobId, JobResult, Submission, Timestamp};
use crate::report::Report;

impl JobStore {
    /// Has a definition carried out.
    pub(in crate::agent) fn add_managed_job(&self, submission: Submission) -> JobId {
        let mut table = self.table();
        let now = SystemTime::now();
        let request = Job { id: table.fresh_id(now), accepted: Timestamp::new(now), submission };
        table.insert(&request, JobStage::Open(Arc::new(ActiveJob::new(request.clone(), &self.changed))));
        // The runner is there for as long as the desk is.
        let _ = self.to_runner.send(request.id.clone());
        request.id
    }

    /// Shows a definition that cannot be.
    pub(in crate::agent) fn place_failed(&self, submission: Submission, report: &Report) -> Job {
        let mut table = self.table();
        let now = SystemTime::now();
        let request = Job { id: table.fresh_id(now), accepted: Timestamp::new(now), submission };
        let (how, kept) = (JobResult::Failed, ReportLocation::InMemory(raw(&request.id, report)));
        table.insert(&request, JobStage::Ended { at: request.accepted, how, kept });
        request
    }

    /// Nobody wants it any more: it is called off where it is open, and no longer shown.
    pub(in crate::agent) fn remove_managed_job(&self, id: &JobId) {
        if let Some(JobStage::Open(open)) = self.table().entries.remove(id).map(|entry| entry.stage) {
            open.cancel.cancel();
        }
    }

    /// Sets the end of what was placed, unless it was withdrawn meanwhile.
    pub(super) fn placed_ended(&self, id: &JobId, how: JobResult, report: Box<RawValue>) {
        if let Some(entry) = self.table().entries.get_mut(id) {
            entry.stage =
                JobStage::Ended { at: Timestamp::new(SystemTime::now()), how, kept: ReportLocation::InMemory(report) };
        }
    }
}
