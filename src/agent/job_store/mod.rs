//! The desk: requests are accepted here, shown, and called off.
//!
//! What is accepted is on disk before it is acknowledged. An open request is in memory whole;
//! of one that has ended the report stays on disk until somebody asks for it, and for as long
//! as the history reaches. What the watched folder and the cluster want is here too, and in
//! memory alone ([`placed`]).

mod active_job;
mod job_index;
mod managed;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::value::RawValue;
use tokio::sync::{Notify, mpsc};

use super::job::{Job, JobId, JobResult, JobSource, Submission, Timestamp};
use super::job_counts::JobCounts;
use super::job_store_error::JobStoreError;
use super::journal::{EndRecord, Journal, JournalRecord};
use super::journal_error::JournalError;
use crate::error::Printable;
use crate::report::Report;
pub use active_job::{ActiveJob, JobPhase};
use job_index::{JobIndex, JobStage, ReportLocation, fingerprint};

/// Bytes that the definitions of all open requests may have together. They are in memory with all
/// that is known of their pulls, which is some thirty times as much.
const OPEN_TEXT: usize = 16 << 20;

/// How much the desk holds.
#[derive(Clone, Copy, Debug)]
pub struct StoreLimits {
    /// Open requests; with so many, no more are accepted.
    pub open: usize,
    /// Ended requests that are remembered.
    pub history: usize,
}

/// The requests of this agent.
pub struct JobStore {
    journal: Journal,
    room: StoreLimits,
    table: Mutex<JobIndex>,
    /// One at a time, so that two of one key are one.
    accepting: Mutex<()>,
    to_runner: mpsc::UnboundedSender<JobId>,
    /// Says that what is open, or done about it, is another than it was.
    pub(super) changed: Arc<Notify>,
}

/// One request, as it is shown.
pub struct JobSnapshot {
    /// Its name.
    pub id: JobId,
    /// What its sender calls it.
    pub source: Printable,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// Where it comes from.
    pub submitted_by: JobSource,
    /// Where it stands.
    pub standing: JobState,
}

/// Where a request that is shown stands.
pub enum JobState {
    /// It is open.
    Open(Arc<ActiveJob>),
    /// It has ended.
    Ended {
        /// When.
        at: Timestamp,
        /// How.
        how: JobResult,
    },
}

/// What became of a submission.
pub struct AcceptedJob {
    /// Its name.
    pub id: JobId,
    /// Whether it was accepted before, under the same key.
    pub before: bool,
}

impl JobStore {
    /// A desk over a journal and what was found in it. Open requests go to `to_runner` at
    /// once, and each later one when it is accepted.
    #[must_use]
    pub fn new(
        journal: Journal,
        mut records: Vec<JournalRecord>,
        room: StoreLimits,
        to_runner: mpsc::UnboundedSender<JobId>,
    ) -> Self {
        // Open ones first, as they were accepted; the others as they ended.
        records.sort_by_key(|record| record.ended.as_ref().map(|ended| ended.at));
        let (mut table, changed) = (JobIndex::default(), Arc::<Notify>::default());
        for JournalRecord { request, ended, cancelled, .. } in records {
            let stage = if let Some(EndRecord { at, how, .. }) = ended {
                JobStage::Ended { at, how, kept: ReportLocation::OnDisk }
            } else {
                // The runner is there for as long as the desk is.
                let _ = to_runner.send(request.id.clone());
                let open = ActiveJob::new(request.clone(), &changed);
                if cancelled {
                    open.cancel.cancel();
                }
                JobStage::Open(Arc::new(open))
            };
            table.insert(&request, stage);
        }
        Self { journal, room, table: Mutex::new(table), accepting: Mutex::default(), to_runner, changed }
    }

    /// Accepts a submission: when this answers, a crash does not lose it. It is carried
    /// through also when nobody waits for the answer any more.
    ///
    /// # Errors
    /// [`DeskError`], when there is no room for it, here or on the disk. Nothing is kept then.
    pub async fn submit(self: &Arc<Self>, submission: Submission) -> Result<AcceptedJob, JobStoreError> {
        let desk = Arc::clone(self);
        let accepted = tokio::task::spawn_blocking(move || desk.accept(submission)).await;
        // It has no way to panic, and the runtime ends after the agent.
        accepted.unwrap_or_else(|error| Err(JobStoreError::Lost(error.to_string())))
    }

    fn accept(&self, submission: Submission) -> Result<AcceptedJob, JobStoreError> {
        let _one_at_a_time = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now();
        let id = {
            let mut table = self.table();
            if let Some((id, entry)) = table.of_key(&submission) {
                let (id, is_same) = (id.clone(), entry.print == fingerprint(&submission));
                return if is_same { Ok(AcceptedJob { id, before: true }) } else { Err(JobStoreError::KeyUsed { id }) };
            }
            if table.open >= self.room.open {
                return Err(JobStoreError::Full { open: table.open });
            }
            if table.text + submission.definition.len() > OPEN_TEXT {
                return Err(JobStoreError::Heavy { open: table.open, bytes: table.text });
            }
            table.fresh_id(now)
        };
        let request = Job { id: id.clone(), accepted: Timestamp::new(now), submission };
        if let Err(error) = self.journal.put(&JournalRecord::new(request.clone(), None)) {
            // It may be there and not be synced; the next agent must not do what was refused.
            self.journal.forget(&id);
            return Err(error.into());
        }
        self.table().insert(&request, JobStage::Open(Arc::new(ActiveJob::new(request.clone(), &self.changed))));
        // The runner is there for as long as the desk is.
        let _ = self.to_runner.send(id.clone());
        Ok(AcceptedJob { id, before: false })
    }

    /// An open request.
    pub(super) fn open(&self, id: &JobId) -> Option<Arc<ActiveJob>> {
        match &self.table().entries.get(id)?.stage {
            JobStage::Open(open) => Some(Arc::clone(open)),
            JobStage::Ended { .. } => None,
        }
    }

    /// A request has ended so. It is on disk before anybody sees it; where the disk does not
    /// take it, it is shown all the same, and done once more after a restart.
    pub(super) async fn end(self: &Arc<Self>, open: &Arc<ActiveJob>, how: JobResult, report: &Report) {
        let raw = raw(&open.request.id, report);
        if open.request.submission.submitted_by.is_managed() {
            self.placed_ended(&open.request.id, how, raw);
        } else {
            let (desk, request) = (Arc::clone(self), open.request.clone());
            let kept = tokio::task::spawn_blocking(move || desk.keep_end(request, how, raw)).await;
            if let Err(error) = kept {
                tracing::error!(id = %open.request.id, %error, "the end of a request is lost");
            }
        }
        open.feed.end(Some(report));
    }

    fn keep_end(&self, request: Job, how: JobResult, report: Box<RawValue>) {
        let (at, id) = (Timestamp::new(SystemTime::now()), request.id.clone());
        let record = JournalRecord::new(request, Some(EndRecord { at, how, report }));
        let kept = self.journal.put(&record);
        let kept = match (kept, record.ended) {
            (Err(error), Some(ended)) => {
                tracing::error!(%id, %error, "the end of a request could not be written");
                ReportLocation::InMemory(ended.report)
            }
            _ => ReportLocation::OnDisk,
        };
        let forgotten = self.table().end(&id, JobStage::Ended { at, how, kept }, self.room.history);
        self.changed.notify_one();
        for id in &forgotten {
            self.journal.forget(id);
        }
    }

    /// Calls a request off: when this answers, it stays so after a crash. The answer is where
    /// it stood. On a disk that takes nothing it is called off all the same.
    ///
    /// # Errors
    /// [`DeskError`], when there is no such request, or it has ended.
    pub async fn cancel(self: &Arc<Self>, id: &JobId) -> Result<JobSnapshot, JobStoreError> {
        let view = self.show(id)?;
        let JobState::Open(open) = &view.standing else { return Err(JobStoreError::Ended { id: id.clone() }) };
        let (desk, open) = (Arc::clone(self), Arc::clone(open));
        let marked = tokio::task::spawn_blocking(move || {
            let Job { id, submission, .. } = &open.request;
            if !submission.submitted_by.is_managed()
                && let Err(error) = desk.journal.cancel(id)
            {
                tracing::error!(%id, %error, "that a request is called off could not be written");
            }
            open.cancel.cancel();
        });
        marked.await.map_err(|error| JobStoreError::Lost(error.to_string()))?;
        Ok(view)
    }

    /// A request.
    ///
    /// # Errors
    /// [`DeskError::Unknown`], when there is none of this name, or none any more.
    pub fn show(&self, id: &JobId) -> Result<JobSnapshot, JobStoreError> {
        let table = self.table();
        let entry = table.entries.get(id).ok_or_else(|| JobStoreError::Unknown { id: id.to_string() })?;
        Ok(entry.view(id))
    }

    /// The requests, newest first.
    #[must_use]
    pub fn list(&self, at_most: usize, wanted: impl Fn(&JobSnapshot) -> bool) -> Vec<JobSnapshot> {
        let table = self.table();
        let views = table.entries.iter().rev().map(|(id, entry)| entry.view(id));
        views.filter(wanted).take(at_most).collect()
    }

    /// How many of the peers' are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.table().open
    }

    /// How much it holds.
    #[must_use]
    pub fn room(&self) -> StoreLimits {
        self.room
    }

    /// What is done about those that are open and of these origins, in numbers.
    #[must_use]
    pub fn tally(&self, of: impl Fn(JobSource) -> bool) -> JobCounts {
        JobCounts::of(self.table().entries.values().filter_map(|entry| match &entry.stage {
            JobStage::Open(open) if of(entry.submitted_by) => Some(open.phase()),
            _ => None,
        }))
    }

    /// What came of a request that has ended.
    #[must_use]
    pub fn report(&self, id: &JobId) -> Option<Box<RawValue>> {
        if let JobStage::Ended { kept: ReportLocation::InMemory(report), .. } = &self.table().entries.get(id)?.stage {
            return Some(report.clone());
        }
        Some(self.journal.get(id)?.ended?.report)
    }

    /// Whether something new could be accepted, as far as the disk is concerned.
    ///
    /// # Errors
    /// [`JournalError`], with the reason.
    pub fn probe(&self) -> Result<(), JournalError> {
        self.journal.probe()
    }

    fn table(&self) -> MutexGuard<'_, JobIndex> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn raw(id: &JobId, report: &Report) -> Box<RawValue> {
    serde_json::value::to_raw_value(report).unwrap_or_else(|error| {
        tracing::error!(%id, %error, "a report is no JSON");
        RawValue::NULL.to_owned()
    })
}
