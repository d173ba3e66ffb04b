//! The requests that the desk has, by name and by their senders' keys.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::value::RawValue;

use super::{Open, Standing, View};
use crate::agent::request::{Ending, Moment, Origin, Request, RequestId, Submission};
use crate::error::Printable;

#[derive(Default)]
pub(super) struct Table {
    pub(super) entries: BTreeMap<RequestId, Entry>,
    pub(super) keys: HashMap<Key, RequestId>,
    /// Of peers, as is `ended`: what the folder wants takes nobody's room.
    pub(super) open: usize,
    pub(super) ended: usize,
}

/// Whose key, and the key: a user's whatever his group is.
pub(super) type Key = (u32, String);

pub(super) struct Entry {
    pub(super) source: Printable,
    pub(super) accepted: Moment,
    pub(super) by: Origin,
    pub(super) key: Option<Key>,
    /// Tells definitions apart, within this process.
    pub(super) print: u64,
    pub(super) stage: Stage,
}

/// Where a request stands.
pub(super) enum Stage {
    Open(Arc<Open>),
    Ended { at: Moment, how: Ending, kept: Kept },
}

/// Where the report of an ended request is.
pub(super) enum Kept {
    /// In the journal.
    OnDisk,
    /// Here, because the journal could not take it.
    InMemory(Box<RawValue>),
}

impl Table {
    /// One that sorts after all that are here, whatever the clock has been set to: what is
    /// shown first and forgotten last is what was accepted last.
    pub(super) fn fresh_id(&self, now: SystemTime) -> RequestId {
        let id = RequestId::new(now, fastrand::u32(..));
        match self.entries.last_key_value() {
            Some((newest, _)) if id <= *newest => newest.next().unwrap_or(id),
            _ => id,
        }
    }

    pub(super) fn insert(&mut self, request: &Request, stage: Stage) {
        let Submission { source, by, .. } = &request.submission;
        let key = key(&request.submission);
        if let Some(key) = key.clone() {
            self.keys.insert(key, request.id.clone());
        }
        match stage {
            _ if by.is_placed() => {}
            Stage::Open(_) => self.open += 1,
            Stage::Ended { .. } => self.ended += 1,
        }
        let (source, accepted, by) = (source.clone(), request.accepted, *by);
        let print = print(&request.submission);
        self.entries.insert(request.id.clone(), Entry { source, accepted, by, key, print, stage });
    }

    /// The request that this sender has named with the same key.
    pub(super) fn of_key(&self, submission: &Submission) -> Option<(&RequestId, &Entry)> {
        self.entries.get_key_value(self.keys.get(&key(submission)?)?)
    }

    /// Sets the end of a peer's request; the answer is those that are forgotten for it.
    pub(super) fn end(&mut self, id: &RequestId, stage: Stage, history: usize) -> Vec<RequestId> {
        if let Some(entry) = self.entries.get_mut(id)
            && matches!(entry.stage, Stage::Open(_))
        {
            entry.stage = stage;
            self.open -= 1;
            self.ended += 1;
        }
        let is_history =
            |(_, entry): &(&RequestId, &Entry)| !entry.by.is_placed() && matches!(entry.stage, Stage::Ended { .. });
        let oldest = self.entries.iter().filter(is_history).take(self.ended.saturating_sub(history));
        let forgotten: Vec<_> = oldest.map(|(id, _)| id.clone()).collect();
        self.ended -= forgotten.len();
        for id in &forgotten {
            if let Some(Entry { key: Some(key), .. }) = self.entries.remove(id) {
                self.keys.remove(&key);
            }
        }
        forgotten
    }
}

impl Entry {
    pub(super) fn view(&self, id: &RequestId) -> View {
        let standing = match &self.stage {
            Stage::Open(open) => Standing::Open(Arc::clone(open)),
            Stage::Ended { at, how, .. } => Standing::Ended { at: *at, how: *how },
        };
        View { id: id.clone(), source: self.source.clone(), accepted: self.accepted, by: self.by, standing }
    }
}

/// The key of a submission; a file has none, its path says which it is.
pub(super) fn key(submission: &Submission) -> Option<Key> {
    match submission.by {
        Origin::Peer(peer) => Some((peer.uid, submission.key.clone()?)),
        Origin::Folder | Origin::Cluster => None,
    }
}

pub(super) fn print(submission: &Submission) -> u64 {
    let mut hasher = DefaultHasher::new();
    submission.definition.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{Ending, Kept, Moment, Request, RequestId, Stage, Submission, Table};
    use crate::agent::request::{Origin, Peer};
    use crate::error::Printable;

    fn accept(table: &mut Table, seconds: u64) -> RequestId {
        let now = UNIX_EPOCH + Duration::from_secs(seconds);
        let by = Origin::Peer(Peer { uid: 0, gid: 0 });
        let submission = Submission { source: Printable::new("web"), definition: "{}".to_owned(), key: None, by };
        let request = Request { id: table.fresh_id(now), accepted: Moment::new(now), submission };
        table.insert(&request, ended());
        request.id
    }

    fn ended() -> Stage {
        Stage::Ended { at: Moment::new(UNIX_EPOCH), how: Ending::Succeeded, kept: Kept::OnDisk }
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_request_older_than_those_before() {
        let mut table = Table::default();
        let clock = [5_000, 5_000, 4_000, 0, 5_001, 1, u64::from(u32::MAX), 2];
        let ids: Vec<_> = clock.map(|seconds| accept(&mut table, seconds)).into();
        assert!(ids.is_sorted_by(|earlier, later| earlier < later), "{ids:?}");
        let forgotten = table.end(&ids[7], ended(), 3);
        assert_eq!(forgotten, ids[..5], "the oldest, and not those with the earliest clock");
    }
}
