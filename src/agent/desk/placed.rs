//! What the watched folder and the cluster want: they are the truth about it, so nothing of it
//! is on disk, and of each definition the last result alone is kept.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::value::RawValue;

use super::table::{Kept, Stage};
use super::{Desk, Open, raw};
use crate::agent::request::{Ending, Moment, Request, RequestId, Submission};
use crate::report::Report;

impl Desk {
    /// Has a definition carried out.
    pub(in crate::agent) fn place(&self, submission: Submission) -> RequestId {
        let mut table = self.table();
        let now = SystemTime::now();
        let request = Request { id: table.fresh_id(now), accepted: Moment::new(now), submission };
        table.insert(&request, Stage::Open(Arc::new(Open::new(request.clone(), &self.changed))));
        // The runner is there for as long as the desk is.
        let _ = self.to_runner.send(request.id.clone());
        request.id
    }

    /// Shows a definition that cannot be.
    pub(in crate::agent) fn place_failed(&self, submission: Submission, report: &Report) -> Request {
        let mut table = self.table();
        let now = SystemTime::now();
        let request = Request { id: table.fresh_id(now), accepted: Moment::new(now), submission };
        let (how, kept) = (Ending::Failed, Kept::InMemory(raw(&request.id, report)));
        table.insert(&request, Stage::Ended { at: request.accepted, how, kept });
        request
    }

    /// Nobody wants it any more: it is called off where it is open, and no longer shown.
    pub(in crate::agent) fn withdraw(&self, id: &RequestId) {
        if let Some(Stage::Open(open)) = self.table().entries.remove(id).map(|entry| entry.stage) {
            open.cancel.cancel();
        }
    }

    /// Sets the end of what was placed, unless it was withdrawn meanwhile.
    pub(super) fn placed_ended(&self, id: &RequestId, how: Ending, report: Box<RawValue>) {
        if let Some(entry) = self.table().entries.get_mut(id) {
            entry.stage = Stage::Ended { at: Moment::new(SystemTime::now()), how, kept: Kept::InMemory(report) };
        }
    }
}
