//! The known files of the folder, and their jobs.
//!
//! For each file, the last valid version and its last job are stored, and when it is due to be
//! pulled again. A newer valid version replaces the job of the older one. An invalid version is
//! shown as a failed job next to that of the last valid version, which stays in use.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::file_read::{FileFingerprint, FileRead, SETTLE_TIME};
use super::listing::KnownFingerprints;
use crate::agent::job::{JobResult, JobSource, Submission};
use crate::agent::job_id::JobId;
use crate::agent::job_store::JobStore;
use crate::agent::observer::AgentObserver;
use crate::agent::prefetch::jitter;
use crate::error::{Failure, Printable};
use crate::report::Report;

pub(super) struct DefinitionFiles<'a> {
    job_store: &'a JobStore,
    observer: &'a dyn AgentObserver,
    folder: PathBuf,
    pull_interval: Option<Duration>,
    files: BTreeMap<OsString, DefinitionFile>,
}

#[derive(Default)]
struct DefinitionFile {
    fingerprint: Option<FileFingerprint>,
    /// The last valid version.
    valid: Option<String>,
    /// The last job of the valid version.
    job: Option<JobId>,
    /// The newest version, if it is invalid.
    invalid: Option<InvalidVersion>,
    /// When the valid version is pulled again.
    pull_due: Option<Instant>,
    /// When the file is checked again, because it was being written.
    check_due: Option<Instant>,
}

struct InvalidVersion {
    failure: Failure,
    /// The job that shows the failure.
    job: JobId,
}

impl DefinitionFile {
    fn next_due(&self) -> Option<Instant> {
        [self.pull_due, self.check_due].into_iter().flatten().min()
    }
}

impl<'a> DefinitionFiles<'a> {
    pub(super) fn new(
        job_store: &'a JobStore,
        observer: &'a dyn AgentObserver,
        folder: PathBuf,
        pull_interval: Option<Duration>,
    ) -> Self {
        Self { job_store, observer, folder, pull_interval, files: BTreeMap::new() }
    }

    pub(super) fn fingerprints(&self) -> KnownFingerprints<'_> {
        self.files.iter().map(|(name, file)| (name.as_os_str(), file.fingerprint)).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.files.len()
    }

    pub(super) fn count_invalid(&self) -> usize {
        self.files.values().filter(|file| file.invalid.is_some()).count()
    }

    /// When the next file is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.files.values().filter_map(DefinitionFile::next_due).min()
    }

    /// The files that are due.
    pub(super) fn due(&self, now: Instant) -> BTreeSet<OsString> {
        let due = self.files.iter().filter(|(_, file)| file.next_due().is_some_and(|due| due <= now));
        due.map(|(name, _)| name.clone()).collect()
    }

    /// Cancels the jobs of a file that was removed. Its images stay on the engine.
    pub(super) fn remove(&mut self, name: &OsStr) {
        if let Some(DefinitionFile { job, invalid, .. }) = self.files.remove(name) {
            for job in job.into_iter().chain(invalid.map(|invalid| invalid.job)) {
                self.job_store.remove_managed_job(&job);
            }
            let file = self.folder.join(name);
            tracing::info!(file = %file.display(), "definition file removed; its images will not be refreshed");
        }
    }

    pub(super) fn remove_all(&mut self) {
        let names: Vec<_> = self.files.keys().cloned().collect();
        for name in &names {
            self.remove(name);
        }
    }

    /// Updates a file after it was read.
    pub(super) fn update(&mut self, name: &OsStr, read: FileRead) {
        if let FileRead::Removed = read {
            return self.remove(name);
        }
        let file = self.files.entry(name.to_owned()).or_default();
        file.check_due = None;
        match read {
            FileRead::Removed => {}
            FileRead::Unsettled => {
                file.fingerprint = None;
                file.check_due = Some(Instant::now() + SETTLE_TIME);
            }
            FileRead::Valid { essence, fingerprint } => {
                file.fingerprint = fingerprint;
                if let Some(invalid) = file.invalid.take() {
                    self.job_store.remove_managed_job(&invalid.job);
                }
                if file.valid.as_ref() != Some(&essence) {
                    file.valid = Some(essence);
                    self.start_job(name);
                }
            }
            FileRead::Invalid { failure, fingerprint } => {
                file.fingerprint = fingerprint;
                if file.invalid.as_ref().is_none_or(|invalid| invalid.failure != failure) {
                    self.report_invalid(name, failure);
                }
            }
        }
    }

    /// Pulls those of the files again that are due. A job that has not ended continues unchanged.
    pub(super) fn pull_due_files(&mut self, names: &BTreeSet<OsString>) {
        let now = Instant::now();
        for name in names {
            if let Some(file) = self.files.get_mut(name)
                && file.pull_due.is_some_and(|due| due <= now)
            {
                file.pull_due = self.pull_interval.map(jitter::next_due);
                if file.job.as_ref().and_then(|job| self.job_store.active_job(job)).is_none() {
                    self.start_job(name);
                }
            }
        }
    }

    /// Starts a job for the valid version of a file, in place of the file's last job.
    fn start_job(&mut self, name: &OsStr) {
        let Some(file) = self.files.get_mut(name) else { return };
        let Some(definition) = file.valid.clone() else { return };
        if let Some(previous) = file.job.take() {
            self.job_store.remove_managed_job(&previous);
        }
        file.pull_due = self.pull_interval.map(jitter::next_due);
        file.job = Some(self.job_store.add_managed_job(submission(&self.folder, name, definition)));
    }

    fn report_invalid(&mut self, name: &OsStr, failure: Failure) {
        let Some(file) = self.files.get_mut(name) else { return };
        let (error, last_valid_version_in_use) = (&failure.message, file.valid.is_some());
        tracing::warn!(%error, last_valid_version_in_use, "definition file is invalid");
        let report = Report::from_invalid(failure.clone());
        let job = self.job_store.add_failed_managed_job(submission(&self.folder, name, String::new()), &report);
        self.observer.job_ended(&job, JobResult::Failed, &report);
        if let Some(previous) = file.invalid.replace(InvalidVersion { failure, job: job.id }) {
            self.job_store.remove_managed_job(&previous.job);
        }
    }
}

fn submission(folder: &Path, name: &OsStr, definition: String) -> Submission {
    let source = Printable::new(&folder.join(name).display().to_string());
    Submission { source, definition, key: None, submitted_by: JobSource::Folder }
}
