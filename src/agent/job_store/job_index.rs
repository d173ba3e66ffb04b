//! The jobs in memory, by id and by idempotency key.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::value::RawValue;

use super::active_job::{ActiveJob, JobSnapshot, JobState};
use crate::agent::job::{Job, JobResult, JobSource, Submission};
use crate::agent::job_id::JobId;
use crate::agent::timestamp::Timestamp;
use crate::error::Printable;

#[derive(Default)]
pub(super) struct JobIndex {
    pub(super) entries: BTreeMap<JobId, Entry>,
    keys: HashMap<CallerKey, JobId>,
    /// The highest id so far.
    last: Option<JobId>,
    /// Open jobs. Like `open_bytes` and `ended`, this does not count managed jobs.
    pub(super) open: usize,
    /// Bytes of the definitions of the open jobs.
    pub(super) open_bytes: usize,
    /// Ended jobs, in the order in which they ended and in which they leave the history.
    ended: VecDeque<JobId>,
}

/// An idempotency key. It belongs to the user, whatever group the caller is in.
#[derive(Clone, PartialEq, Eq, Hash)]
struct CallerKey {
    uid: u32,
    key: String,
}

pub(super) struct Entry {
    source: Printable,
    accepted: Timestamp,
    pub(super) submitted_by: JobSource,
    key: Option<CallerKey>,
    /// Distinguishes definitions within this process.
    fingerprint: u64,
    pub(super) stage: JobStage,
}

pub(super) enum JobStage {
    Open(Arc<ActiveJob>),
    Ended { at: Timestamp, result: JobResult, report: ReportLocation },
}

/// Where the report of an ended job is.
pub(super) enum ReportLocation {
    Journal,
    /// The job is managed, or the journal could not be written.
    Memory(Box<RawValue>),
}

impl JobIndex {
    /// A job with an id above all others, which is reserved from now on.
    pub(super) fn new_job(&mut self, submission: Submission) -> Job {
        self.new_job_at(SystemTime::now(), submission)
    }

    fn new_job_at(&mut self, now: SystemTime, submission: Submission) -> Job {
        let random = fastrand::u32(..);
        let id = match &self.last {
            Some(last) => JobId::following(last, now, random),
            None => JobId::new(now, random),
        };
        self.last = Some(id.clone());
        Job { id, accepted: Timestamp::new(now), submission }
    }

    pub(super) fn insert(&mut self, job: &Job, stage: JobStage) {
        let Submission { source, submitted_by, .. } = &job.submission;
        let key = CallerKey::new(&job.submission);
        if let Some(key) = key.clone() {
            self.keys.insert(key, job.id.clone());
        }
        match stage {
            _ if job.is_managed() => {}
            JobStage::Open(_) => {
                self.open += 1;
                self.open_bytes += job.submission.definition.len();
            }
            JobStage::Ended { .. } => self.ended.push_back(job.id.clone()),
        }
        let (source, accepted, submitted_by) = (source.clone(), job.accepted, *submitted_by);
        let fingerprint = fingerprint(&job.submission);
        self.last = self.last.take().max(Some(job.id.clone()));
        self.entries.insert(job.id.clone(), Entry { source, accepted, submitted_by, key, fingerprint, stage });
    }

    /// The job that the same user has submitted with the same key.
    pub(super) fn find_by_key(&self, submission: &Submission) -> Option<(&JobId, &Entry)> {
        self.entries.get_key_value(self.keys.get(&CallerKey::new(submission)?)?)
    }

    /// Ends a job, and returns the jobs that leave the history for it.
    pub(super) fn end(&mut self, id: &JobId, stage: JobStage, history: usize) -> Vec<JobId> {
        // A managed job may have been removed meanwhile.
        let Some(entry) = self.entries.get_mut(id) else { return Vec::new() };
        let JobStage::Open(active) = std::mem::replace(&mut entry.stage, stage) else { return Vec::new() };
        if active.job.is_managed() {
            return Vec::new();
        }
        self.open -= 1;
        self.open_bytes -= active.job.submission.definition.len();
        self.ended.push_back(id.clone());
        let excess = self.ended.len().saturating_sub(history);
        let removed: Vec<_> = self.ended.drain(..excess).collect();
        for id in &removed {
            if let Some(Entry { key: Some(key), .. }) = self.entries.remove(id) {
                self.keys.remove(&key);
            }
        }
        removed
    }
}

impl Entry {
    pub(super) fn has_same_definition(&self, submission: &Submission) -> bool {
        self.fingerprint == fingerprint(submission)
    }

    pub(super) fn snapshot(&self, id: &JobId) -> JobSnapshot {
        let state = match &self.stage {
            JobStage::Open(active) => JobState::Open(Arc::clone(active)),
            JobStage::Ended { at, result, .. } => JobState::Ended { at: *at, result: *result },
        };
        let Self { source, accepted, submitted_by, .. } = self;
        JobSnapshot { id: id.clone(), source: source.clone(), accepted: *accepted, submitted_by: *submitted_by, state }
    }
}

impl CallerKey {
    /// The key of a submission. Managed jobs have none: their source identifies them.
    fn new(submission: &Submission) -> Option<Self> {
        Some(Self { uid: submission.submitted_by.uid()?, key: submission.key.clone()? })
    }
}

fn fingerprint(submission: &Submission) -> u64 {
    let mut hasher = DefaultHasher::new();
    submission.definition.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::JobIndex;
    use crate::agent::job::{JobSource, Submission};
    use crate::error::Printable;

    #[test]
    fn later_jobs_have_higher_ids_after_the_clock_was_set_back() {
        let mut index = JobIndex::default();
        let submission = Submission {
            source: Printable::new("a"),
            definition: String::new(),
            key: None,
            submitted_by: JobSource::Folder,
        };
        let ids = [SystemTime::now(), UNIX_EPOCH, UNIX_EPOCH].map(|time| index.new_job_at(time, submission.clone()).id);
        assert!(ids.is_sorted_by(|earlier, later| earlier < later), "{ids:?}");
    }
}
