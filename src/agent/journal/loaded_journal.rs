//! What the journal contains when the agent starts, and the record of one job as its
//! file contains it.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::agent::job::{Job, JobResult};
use crate::agent::job_id::JobId;
use crate::agent::timestamp::Timestamp;

/// To be incremented when an older program would misread the files of a newer one.
const VERSION: u32 = 1;

/// A job on disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JournalRecord {
    version: u32,
    /// The job as it was accepted.
    #[serde(flatten)]
    pub job: Job,
    /// How the job ended; `None` for an open job.
    #[serde(default, rename = "ended", skip_serializing_if = "Option::is_none")]
    pub end: Option<EndRecord>,
    /// Whether the open job was cancelled. This is not in the file: a marker file says so.
    #[serde(skip)]
    pub is_cancelled: bool,
}

/// The end of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EndRecord {
    /// When the job ended.
    pub at: Timestamp,
    /// How the job ended.
    #[serde(rename = "how")]
    pub result: JobResult,
    /// The report, in the format of `report.schema.json`.
    pub report: Box<RawValue>,
}

impl JournalRecord {
    /// The record of a job that was accepted, or that has ended.
    #[must_use]
    pub fn new(job: Job, end: Option<EndRecord>) -> Self {
        Self { version: VERSION, job, end, is_cancelled: false }
    }

    /// Reads the record from its file, whose name must be the id of the job.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = read_own_file(path).map_err(|error| error.to_string())?;
        let record: Self = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        if record.version != VERSION {
            return Err(format!("its version is {}, and this program supports version {VERSION}", record.version));
        }
        if path.file_stem().is_none_or(|stem| *stem != *record.job.id.to_string()) {
            return Err(format!("it contains the record of request {}", record.job.id));
        }
        Ok(record)
    }
}

/// Reads a regular file of the agent's own user. Never blocks on a pipe or follows a link.
fn read_own_file(path: &Path) -> io::Result<Vec<u8>> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW).bits()).unwrap_or_default();
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.uid() != geteuid().as_raw() {
        return Err(io::Error::other(format!("it belongs to user {}", metadata.uid())));
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(text)
}

/// The contents of the journal at the start of the agent.
#[derive(Debug, Default)]
pub struct LoadedJournal {
    /// The records, oldest first. Those of ended jobs are without the report, because all reports
    /// together may not fit into memory.
    pub records: Vec<JournalRecord>,
    /// Files that could not be read as a record, or not be removed.
    pub broken: Vec<BrokenFile>,
}

/// A file in the folder of the journal that is not a valid record.
#[derive(Debug)]
pub struct BrokenFile {
    /// The file, under its new name if it could be renamed.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: String,
}

impl LoadedJournal {
    /// Reads every file of the folder, and removes or renames what a crash or another program left.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let mut loaded = Self::default();
        let mut cancelled = HashSet::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                // A write that a crash interrupted was never acknowledged.
                Some("tmp") => {
                    if let Err(error) = fs::remove_file(&path) {
                        loaded.broken.push(BrokenFile { path, error: error.to_string() });
                    }
                }
                Some("json") => loaded.read_record(path),
                Some("cancelled") => cancelled.extend(path.file_stem().and_then(|stem| JobId::parse(stem.to_str()?))),
                _ => {}
            }
        }
        for record in &mut loaded.records {
            record.is_cancelled = record.end.is_none() && cancelled.remove(&record.job.id);
        }
        // The jobs of the remaining markers have already ended.
        for id in cancelled {
            remove_file(&id, &marker_path(folder, &id));
        }
        loaded.records.sort_by(|left, right| left.job.id.cmp(&right.job.id));
        Ok(loaded)
    }

    fn read_record(&mut self, path: PathBuf) {
        match JournalRecord::read(&path) {
            Ok(mut record) => {
                if let Some(end) = &mut record.end {
                    end.report = RawValue::NULL.to_owned();
                }
                self.records.push(record);
            }
            Err(error) => {
                let renamed = path.with_extension("broken");
                let path = if fs::rename(&path, &renamed).is_ok() { renamed } else { path };
                self.broken.push(BrokenFile { path, error });
            }
        }
    }
}

pub(super) fn marker_path(folder: &Path, id: &JobId) -> PathBuf {
    folder.join(format!("{id}.cancelled"))
}

pub(super) fn remove_file(id: &JobId, file: &Path) {
    if let Err(error) = fs::remove_file(file)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%id, file = %file.display(), %error, "a file of an ended request could not be removed");
    }
}
