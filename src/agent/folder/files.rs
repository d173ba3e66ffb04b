//! The files of the folder: what is kept of each, and what is done about it.
//!
//! Of a file there is its last good version, what came of that last, and when it is pulled
//! again. A newer version takes the place of the older one wherever that stands; what is
//! broken changes nothing but what is said of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::diff::Stamps;
use super::listing::FileFingerprint;
use super::read::{FileRead, SETTLED};
use crate::agent::jitter;
use crate::agent::job::{JobId, JobResult, JobSource, Submission};
use crate::agent::job_store::JobStore;
use crate::agent::observer::AgentObserver;
use crate::error::{Failure, Printable};
use crate::report::Report;

pub(super) struct Files<'a> {
    desk: &'a JobStore,
    witness: &'a dyn AgentObserver,
    folder: PathBuf,
    interval: Option<Duration>,
    known: BTreeMap<OsString, File>,
}

#[derive(Default)]
struct File {
    stamp: Option<FileFingerprint>,
    /// Its last good version.
    good: Option<String>,
    /// What is or was last done for it.
    run: Option<JobId>,
    /// Why its newest version cannot be used, and where that is shown.
    fault: Option<(Failure, JobId)>,
    /// When it is pulled again.
    due: Option<Instant>,
    /// When it is looked at again, because it was being written.
    unsettled: Option<Instant>,
}

impl<'a> Files<'a> {
    pub(super) fn new(
        desk: &'a JobStore,
        witness: &'a dyn AgentObserver,
        folder: PathBuf,
        interval: Option<Duration>,
    ) -> Self {
        Self { desk, witness, folder, interval, known: BTreeMap::new() }
    }

    pub(super) fn stamps(&self) -> Stamps<'_> {
        self.known.iter().map(|(name, file)| (name.as_os_str(), file.stamp)).collect()
    }

    /// How many there are, and how many of them are broken.
    pub(super) fn count(&self) -> (usize, usize) {
        (self.known.len(), self.known.values().filter(|file| file.fault.is_some()).count())
    }

    /// When the next one is due.
    pub(super) fn wake(&self) -> Option<Instant> {
        self.known.values().flat_map(|file| [file.due, file.unsettled]).flatten().min()
    }

    /// Those that are.
    pub(super) fn due(&self, now: Instant) -> BTreeSet<OsString> {
        let is_due = |file: &File| [file.due, file.unsettled].into_iter().flatten().any(|time| time <= now);
        self.known.iter().filter(|(_, file)| is_due(file)).map(|(name, _)| name.clone()).collect()
    }

    /// A file is there no longer: nothing is done for it any more. Its images stay.
    pub(super) fn gone(&mut self, name: &OsStr) {
        if let Some(File { run, fault, .. }) = self.known.remove(name) {
            run.iter().chain(fault.as_ref().map(|(_, id)| id)).for_each(|id| self.desk.remove_managed_job(id));
            tracing::info!(file = %self.folder.join(name).display(), "it is gone, and is not pulled again");
        }
    }

    pub(super) fn all_gone(&mut self) {
        let names: Vec<_> = self.known.keys().cloned().collect();
        for name in &names {
            self.gone(name);
        }
    }

    /// A file was read.
    pub(super) fn took(&mut self, name: &OsStr, read: FileRead) {
        if let FileRead::Gone = read {
            return self.gone(name);
        }
        let file = self.known.entry(name.to_owned()).or_default();
        file.unsettled = None;
        match read {
            FileRead::Gone => {}
            FileRead::Unsettled => (file.stamp, file.unsettled) = (None, Some(Instant::now() + SETTLED)),
            FileRead::Good { essence, stamp } => {
                file.stamp = stamp;
                if let Some((_, id)) = file.fault.take() {
                    self.desk.remove_managed_job(&id);
                }
                if file.good.as_ref() != Some(&essence) {
                    file.good = Some(essence);
                    self.begin(name);
                }
            }
            FileRead::Broken { failure, stamp } => {
                file.stamp = stamp;
                if file.fault.as_ref().is_none_or(|(known, _)| *known != failure) {
                    self.complain(name, failure);
                }
            }
        }
    }

    /// Pulls those again whose time it is. One that is still tried, or whose engine is still
    /// waited for, goes on as it is.
    pub(super) fn begin_again(&mut self, names: &BTreeSet<OsString>) {
        let now = Instant::now();
        for name in names {
            if let Some(file) = self.known.get_mut(name)
                && file.due.is_some_and(|due| due <= now)
            {
                file.due = self.interval.map(|interval| jitter::next(now, interval, fastrand::f64()));
                if file.run.as_ref().and_then(|id| self.desk.open(id)).is_none() {
                    self.begin(name);
                }
            }
        }
    }

    /// Has the good version of a file carried out, in place of what was done for it before.
    fn begin(&mut self, name: &OsStr) {
        let Some(file) = self.known.get_mut(name) else { return };
        let Some(definition) = file.good.clone() else { return };
        if let Some(before) = file.run.take() {
            self.desk.remove_managed_job(&before);
        }
        let now = Instant::now();
        file.due = self.interval.map(|interval| jitter::next(now, interval, fastrand::f64()));
        file.run = Some(self.desk.add_managed_job(submission(&self.folder, name, definition)));
    }

    fn complain(&mut self, name: &OsStr, failure: Failure) {
        let Some(file) = self.known.get_mut(name) else { return };
        let goes_on = file.good.is_some();
        tracing::warn!(failure = %failure.message, last_good_version_goes_on = goes_on, "a file cannot be used");
        let report = Report::from_invalid(failure.clone());
        let request = self.desk.place_failed(submission(&self.folder, name, String::new()), &report);
        self.witness.ended(&request, JobResult::Failed, &report);
        if let Some((_, before)) = file.fault.replace((failure, request.id)) {
            self.desk.remove_managed_job(&before);
        }
    }
}

fn submission(folder: &Path, name: &OsStr, definition: String) -> Submission {
    let source = Printable::new(&folder.join(name).display().to_string());
    Submission { source, definition, key: None, submitted_by: JobSource::Folder }
}
