//! The job store itself: the index in memory and the journal, kept in agreement.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use tokio::sync::{Notify, mpsc};

use super::active_job::{ActiveJob, JobCounts, JobSnapshot, JobState};
use super::job_index::{JobIndex, JobStage, ReportLocation};
use super::job_store_error::JobStoreError;
use crate::agent::job::{Job, JobResult, JobSource, Submission};
use crate::agent::job_id::JobId;
use crate::agent::journal::{EndRecord, Journal, JournalError, JournalRecord};
use crate::agent::timestamp::Timestamp;
use crate::report::Report;

/// The highest total length of the definitions of all open jobs, in bytes. In memory, a job with
/// its plan and the state of its pulls takes about thirty times the length of its definition.
const MAX_OPEN_BYTES: usize = 16 << 20;

/// How many jobs the store holds. Managed jobs do not count.
#[derive(Clone, Copy, Debug)]
pub struct StoreLimits {
    /// The highest number of open jobs; further submissions are rejected.
    pub open: usize,
    /// The number of ended jobs whose reports stay available.
    pub history: usize,
}

/// All jobs of an agent.
pub struct JobStore {
    journal: Journal,
    limits: StoreLimits,
    index: Mutex<JobIndex>,
    /// Serializes submissions, so that two with the same key become one job.
    submitting: Mutex<()>,
    /// The queue of the worker.
    queue: mpsc::UnboundedSender<JobId>,
    /// Notified when the phase of a job changes, and when a job ends.
    pub(in crate::agent) changed: Arc<Notify>,
}

/// The answer to a submission that was accepted.
pub struct AcceptedJob {
    /// The id of the job.
    pub id: JobId,
    /// Whether the job is that of an earlier submission with the same key.
    pub is_duplicate: bool,
}

impl JobStore {
    /// Creates a store from a journal and the records that it contained. The open jobs are sent to
    /// `queue` at once, and each further job when it is accepted.
    #[must_use]
    pub fn new(
        journal: Journal,
        mut records: Vec<JournalRecord>,
        limits: StoreLimits,
        queue: mpsc::UnboundedSender<JobId>,
    ) -> Self {
        let (index, submitting, changed) = (Mutex::default(), Mutex::default(), Arc::default());
        let store = Self { journal, limits, index, submitting, queue, changed };
        // Open jobs in the order of their acceptance, then the others in the order of their end.
        records.sort_by_key(|record| record.end.as_ref().map(|end| end.at));
        for JournalRecord { job, end, is_cancelled, .. } in records {
            if let Some(EndRecord { at, result, .. }) = end {
                store.index().insert(&job, JobStage::Ended { at, result, report: ReportLocation::Journal });
                continue;
            }
            let active = store.start(&mut store.index(), job);
            if is_cancelled {
                active.cancel.cancel();
            }
        }
        store
    }

    /// Accepts a submission. When this returns, the job survives a crash. The submission is
    /// completed even if the caller is cancelled.
    ///
    /// # Errors
    /// [`JobStoreError`] if a limit is reached or the disk cannot be written. No job is created then.
    pub async fn submit(self: &Arc<Self>, submission: Submission) -> Result<AcceptedJob, JobStoreError> {
        let store = Arc::clone(self);
        let accepted = tokio::task::spawn_blocking(move || store.submit_blocking(submission)).await;
        accepted.unwrap_or_else(|error| Err(JobStoreError::Internal(error.to_string())))
    }

    fn submit_blocking(&self, submission: Submission) -> Result<AcceptedJob, JobStoreError> {
        let _submitting = self.submitting.lock().unwrap_or_else(PoisonError::into_inner);
        let job = {
            let mut index = self.index();
            if let Some((id, entry)) = index.find_by_key(&submission) {
                let id = id.clone();
                return if entry.has_same_definition(&submission) {
                    Ok(AcceptedJob { id, is_duplicate: true })
                } else {
                    Err(JobStoreError::KeyUsed { id })
                };
            }
            if index.open >= self.limits.open {
                return Err(JobStoreError::Full { open: index.open });
            }
            if index.open_bytes + submission.definition.len() > MAX_OPEN_BYTES {
                return Err(JobStoreError::MemoryLimit { open: index.open, bytes: index.open_bytes });
            }
            index.new_job(submission)
        };
        if let Err(error) = self.journal.write(&JournalRecord::new(job.clone(), None)) {
            // The file may exist although it was not synced. Without this, the next start would
            // run a job that was rejected.
            self.journal.remove(&job.id);
            return Err(error.into());
        }
        let id = job.id.clone();
        self.start(&mut self.index(), job);
        Ok(AcceptedJob { id, is_duplicate: false })
    }

    fn start(&self, index: &mut JobIndex, job: Job) -> Arc<ActiveJob> {
        let active = Arc::new(ActiveJob::new(job, &self.changed));
        index.insert(&active.job, JobStage::Open(Arc::clone(&active)));
        // This fails only when the worker has ended; the job then starts with the next agent.
        let _ = self.queue.send(active.job.id.clone());
        active
    }

    /// Adds a managed job and queues it.
    pub(in crate::agent) fn add_managed_job(&self, submission: Submission) -> JobId {
        let mut index = self.index();
        let job = index.new_job(submission);
        self.start(&mut index, job).job.id.clone()
    }

    /// Adds a managed job that has already failed, because its definition is invalid.
    pub(in crate::agent) fn add_failed_managed_job(&self, submission: Submission, report: &Report) -> Job {
        let mut index = self.index();
        let job = index.new_job(submission);
        let report = ReportLocation::Memory(to_json(&job.id, report));
        index.insert(&job, JobStage::Ended { at: job.accepted, result: JobResult::Failed, report });
        job
    }

    /// Removes a managed job from the list, and cancels it if it has not ended.
    pub(in crate::agent) fn remove_managed_job(&self, id: &JobId) {
        if let Some(JobStage::Open(active)) = self.index().entries.remove(id).map(|entry| entry.stage) {
            active.cancel.cancel();
        }
    }

    /// The job with this id, if it has not ended.
    pub(in crate::agent) fn active_job(&self, id: &JobId) -> Option<Arc<ActiveJob>> {
        match &self.index().entries.get(id)?.stage {
            JobStage::Open(active) => Some(Arc::clone(active)),
            JobStage::Ended { .. } => None,
        }
    }

    /// Ends a job. The result is on disk before it is shown. If the disk cannot be written, the
    /// result is shown nevertheless, and the job runs again after a restart.
    pub(in crate::agent) async fn end(self: &Arc<Self>, active: &Arc<ActiveJob>, result: JobResult, report: &Report) {
        let end = EndRecord { at: Timestamp::now(), result, report: to_json(&active.job.id, report) };
        if active.job.is_managed() {
            self.record_end(active, end);
        } else {
            let (store, ended) = (Arc::clone(self), Arc::clone(active));
            if let Err(error) = tokio::task::spawn_blocking(move || store.record_end(&ended, end)).await {
                tracing::error!(id = %active.job.id, %error, "the result of a request was lost");
            }
        }
        active.events.end(Some(report));
    }

    fn record_end(&self, active: &ActiveJob, end: EndRecord) {
        let (id, at, result) = (&active.job.id, end.at, end.result);
        let report =
            if active.job.is_managed() { ReportLocation::Memory(end.report) } else { self.write_end(&active.job, end) };
        let removed = self.index().end(id, JobStage::Ended { at, result, report }, self.limits.history);
        self.changed.notify_one();
        for id in &removed {
            self.journal.remove(id);
        }
    }

    fn write_end(&self, job: &Job, end: EndRecord) -> ReportLocation {
        let record = JournalRecord::new(job.clone(), Some(end));
        match (self.journal.write(&record), record.end) {
            (Err(error), Some(end)) => {
                tracing::error!(id = %job.id, %error, "the result of a request could not be stored");
                ReportLocation::Memory(end.report)
            }
            _ => ReportLocation::Journal,
        }
    }

    /// Cancels a job, and returns its state before that. When this returns, the cancellation
    /// survives a crash; if the disk cannot be written, the job is cancelled nevertheless.
    ///
    /// # Errors
    /// [`JobStoreError`] if no job has this id, or it has ended.
    pub async fn cancel(self: &Arc<Self>, id: &JobId) -> Result<JobSnapshot, JobStoreError> {
        let snapshot = self.get(id)?;
        let JobState::Open(active) = &snapshot.state else {
            return Err(JobStoreError::AlreadyEnded { id: id.clone() });
        };
        let (store, active) = (Arc::clone(self), Arc::clone(active));
        let cancelled = tokio::task::spawn_blocking(move || {
            let id = &active.job.id;
            if !active.job.is_managed()
                && let Err(error) = store.journal.mark_cancelled(id)
            {
                tracing::error!(%id, %error, "the cancellation of a request could not be stored");
            }
            active.cancel.cancel();
        });
        cancelled.await.map_err(|error| JobStoreError::Internal(error.to_string()))?;
        Ok(snapshot)
    }

    /// The job with this id.
    ///
    /// # Errors
    /// [`JobStoreError::NotFound`] if there is none, or it has left the history.
    pub fn get(&self, id: &JobId) -> Result<JobSnapshot, JobStoreError> {
        let index = self.index();
        let entry = index.entries.get(id).ok_or_else(|| JobStoreError::NotFound { id: id.to_string() })?;
        Ok(entry.snapshot(id))
    }

    /// The newest jobs that `filter` accepts, at most `limit`.
    #[must_use]
    pub fn list(&self, limit: usize, filter: impl Fn(&JobSnapshot) -> bool) -> Vec<JobSnapshot> {
        let index = self.index();
        let snapshots = index.entries.iter().rev().map(|(id, entry)| entry.snapshot(id));
        snapshots.filter(filter).take(limit).collect()
    }

    /// The number of open jobs, without the managed ones.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.index().open
    }

    /// The limits of this store.
    #[must_use]
    pub fn limits(&self) -> StoreLimits {
        self.limits
    }

    /// Counts the open jobs whose source `filter` accepts, by phase.
    #[must_use]
    pub fn count(&self, filter: impl Fn(JobSource) -> bool) -> JobCounts {
        let index = self.index();
        let phases = index.entries.values().filter_map(|entry| match &entry.stage {
            JobStage::Open(active) if filter(entry.submitted_by) => Some(active.phase()),
            _ => None,
        });
        phases.collect()
    }

    /// The report of a job that has ended. Reads it from disk.
    #[must_use]
    pub fn report(&self, id: &JobId) -> Option<Box<RawValue>> {
        if let JobStage::Ended { report: ReportLocation::Memory(report), .. } = &self.index().entries.get(id)?.stage {
            return Some(report.clone());
        }
        Some(self.journal.read(id)?.end?.report)
    }

    /// Checks that the disk of the journal can be written, by writing a small file.
    ///
    /// # Errors
    /// [`JournalError`] if it cannot.
    pub fn probe(&self) -> Result<(), JournalError> {
        self.journal.probe()
    }

    fn index(&self) -> MutexGuard<'_, JobIndex> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn to_json(id: &JobId, report: &Report) -> Box<RawValue> {
    serde_json::value::to_raw_value(report).unwrap_or_else(|error| {
        tracing::error!(%id, %error, "a report could not be written as JSON");
        RawValue::NULL.to_owned()
    })
}
