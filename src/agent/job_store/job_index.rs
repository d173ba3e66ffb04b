//! The requests that the desk has, by name and by their senders' keys.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::value::RawValue;

use super::{ActiveJob, JobSnapshot, JobState};
use crate::agent::job::{Job, JobId, JobResult, JobSource, Submission, Timestamp};
use crate::error::Printable;

#[derive(Default)]
pub(super) struct JobIndex {
    pub(super) entries: BTreeMap<JobId, Entry>,
    pub(super) keys: HashMap<Key, JobId>,
    /// The latest name that was given.
    last: Option<JobId>,
    /// Of peers, as is `ended`: what is placed takes nobody's room.
    pub(super) open: usize,
    /// Bytes of their definitions.
    pub(super) text: usize,
    /// In the order in which they ended, which is the one they are forgotten in.
    pub(super) ended: VecDeque<JobId>,
}

/// Whose key, and the key: a user's whatever his group is.
pub(super) type Key = (u32, String);

pub(super) struct Entry {
    pub(super) source: Printable,
    pub(super) accepted: Timestamp,
    pub(super) submitted_by: JobSource,
    pub(super) key: Option<Key>,
    /// Tells definitions apart, within this process.
    pub(super) print: u64,
    pub(super) stage: JobStage,
}

/// Where a request stands.
pub(super) enum JobStage {
    Open(Arc<ActiveJob>),
    Ended { at: Timestamp, how: JobResult, kept: ReportLocation },
}

/// Where the report of an ended request is.
pub(super) enum ReportLocation {
    /// In the journal.
    OnDisk,
    /// Here: it is placed, or the journal could not take it.
    InMemory(Box<RawValue>),
}

impl JobIndex {
    /// A name for a request, after all others: it is taken from now on.
    pub(super) fn fresh_id(&mut self, now: SystemTime) -> JobId {
        let (chance, last) = (fastrand::u32(..), self.last.as_ref());
        let id = last.map_or_else(|| JobId::new(now, chance), |last| JobId::after(last, now, chance));
        self.last = Some(id.clone());
        id
    }

    pub(super) fn insert(&mut self, request: &Job, stage: JobStage) {
        let Submission { source, submitted_by, .. } = &request.submission;
        let key = key(&request.submission);
        if let Some(key) = key.clone() {
            self.keys.insert(key, request.id.clone());
        }
        match stage {
            _ if submitted_by.is_managed() => {}
            JobStage::Open(_) => {
                self.open += 1;
                self.text += request.submission.definition.len();
            }
            JobStage::Ended { .. } => self.ended.push_back(request.id.clone()),
        }
        let (source, accepted, submitted_by) = (source.clone(), request.accepted, *submitted_by);
        let print = fingerprint(&request.submission);
        self.last = self.last.take().max(Some(request.id.clone()));
        self.entries.insert(request.id.clone(), Entry { source, accepted, submitted_by, key, print, stage });
    }

    /// The request that this sender has named with the same key.
    pub(super) fn of_key(&self, submission: &Submission) -> Option<(&JobId, &Entry)> {
        self.entries.get_key_value(self.keys.get(&key(submission)?)?)
    }

    /// Sets the end of a peer's request; the answer is those that are forgotten for it.
    pub(super) fn end(&mut self, id: &JobId, stage: JobStage, history: usize) -> Vec<JobId> {
        if let Some(entry) = self.entries.get_mut(id)
            && let JobStage::Open(open) = &entry.stage
        {
            self.text -= open.request.submission.definition.len();
            entry.stage = stage;
            self.open -= 1;
            self.ended.push_back(id.clone());
        }
        let too_many = self.ended.len().saturating_sub(history);
        let forgotten: Vec<_> = self.ended.drain(..too_many).collect();
        for id in &forgotten {
            if let Some(Entry { key: Some(key), .. }) = self.entries.remove(id) {
                self.keys.remove(&key);
            }
        }
        forgotten
    }
}

impl Entry {
    pub(super) fn view(&self, id: &JobId) -> JobSnapshot {
        let standing = match &self.stage {
            JobStage::Open(open) => JobState::Open(Arc::clone(open)),
            JobStage::Ended { at, how, .. } => JobState::Ended { at: *at, how: *how },
        };
        JobSnapshot {
            id: id.clone(),
            source: self.source.clone(),
            accepted: self.accepted,
            submitted_by: self.submitted_by,
            standing,
        }
    }
}

/// The key of a submission; what is placed has none, its source says which it is.
pub(super) fn key(submission: &Submission) -> Option<Key> {
    match submission.submitted_by {
        JobSource::Peer(peer) => Some((peer.uid, submission.key.clone()?)),
        JobSource::Folder | JobSource::Cluster => None,
    }
}

pub(super) fn fingerprint(submission: &Submission) -> u64 {
    let mut hasher = DefaultHasher::new();
    submission.definition.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::{JobIndex, JobStage, ReportLocation};
    use crate::agent::job::{Job, JobResult, JobSource, Submission, Timestamp};
    use crate::error::Printable;

    #[test]
    fn later_requests_sort_after_earlier_ones_when_the_clock_was_set_back() {
        let mut table = JobIndex::default();
        let mut before = None;
        for time in [SystemTime::now(), UNIX_EPOCH, UNIX_EPOCH] {
            let id = table.fresh_id(time);
            assert!(before < Some(id.clone()));
            let definition = String::new();
            let submission =
                Submission { source: Printable::new("a"), definition, key: None, submitted_by: JobSource::Folder };
            let request = Job { id: id.clone(), accepted: Timestamp::new(time), submission };
            let stage = JobStage::Ended { at: request.accepted, how: JobResult::Failed, kept: ReportLocation::OnDisk };
            table.insert(&request, stage);
            before = Some(id);
        }
    }
}
