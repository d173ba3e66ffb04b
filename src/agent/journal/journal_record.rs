//! The record of one job, as its file contains it.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::agent::job::{Job, JobResult};
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
