//! The requests on disk: what was acknowledged survives a crash, and what has ended is kept
//! for a while.
//!
//! One file for each request, replaced as a whole: written beside, synced, renamed, and the
//! folder synced, before anybody is told. A file that is there is whole, or it is another's
//! doing and is put aside. No secret is ever in one: of a definition only what is read here.
//! That an open request was called off is said by an empty file beside its own, the mark: it may
//! be called off while its end is written, and no file may have two writers.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::job::{Job, JobId, JobResult, Timestamp};
use super::journal_error::JournalError;

/// Raised when an older program would misread a newer one's files.
const VERSION: u32 = 1;

/// What is on disk of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalRecord {
    version: u32,
    /// What was accepted.
    #[serde(flatten)]
    pub request: Job,
    /// How it ended; open ones have not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<EndRecord>,
    /// Whether an open one was called off: its mark says so.
    #[serde(skip)]
    pub cancelled: bool,
}

/// The end of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EndRecord {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: JobResult,
    /// What came of it, as `report.schema.json` has it.
    pub report: Box<RawValue>,
}

impl JournalRecord {
    /// Of a request that has just been accepted, or has just ended.
    #[must_use]
    pub fn new(request: Job, ended: Option<EndRecord>) -> Self {
        Self { version: VERSION, request, ended, cancelled: false }
    }
}

/// The folder of the requests. Whatever it does blocks.
pub struct Journal {
    folder: PathBuf,
    /// Held for as long as this lives: two agents on one folder would run everything twice.
    _lock: File,
}

/// What was found in the folder when it was opened.
#[derive(Debug, Default)]
pub struct LoadedJournal {
    /// The requests, oldest first; of those that have ended without the report, since all of
    /// them together may be more than the memory.
    pub records: Vec<JournalRecord>,
    /// Files that are none, and why; they were put aside where that could be done.
    pub broken: Vec<(PathBuf, String)>,
}

impl Journal {
    /// Opens the folder, makes it where it is not there, and reads what is in it.
    ///
    /// # Errors
    /// [`JournalError`], when it cannot be written, or another agent has it.
    pub fn open(state_folder: &Path) -> Result<(Self, LoadedJournal), JournalError> {
        let failed = |source| JournalError::Folder { folder: state_folder.to_owned(), source };
        let folder = state_folder.join("requests");
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        keep_to_oneself(&folder).map_err(failed)?;
        let mut lock = OpenOptions::new();
        let lock = lock.create(true).truncate(false).write(true).mode(0o600);
        let lock = lock.open(state_folder.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(JournalError::Locked { folder: state_folder.to_owned() }),
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        let found = read(&folder).map_err(failed)?;
        Ok((Self { folder, _lock: lock }, found))
    }

    /// Writes a record in place of the one before; when this is over it is on disk.
    ///
    /// # Errors
    /// [`JournalError::Write`], when it is not: a full disk, a folder that has gone.
    pub fn put(&self, record: &JournalRecord) -> Result<(), JournalError> {
        let id = &record.request.id;
        let (file, beside) = (path(&self.folder, id), self.folder.join(format!("{id}.tmp")));
        let written = serde_json::to_vec(record)
            .map_err(io::Error::other)
            .and_then(|text| write_synced(&beside, &text))
            .and_then(|()| fs::rename(&beside, &file));
        if written.is_err() {
            // Nothing has been promised of it.
            let _ = fs::remove_file(&beside);
        }
        let synced = written.and_then(|()| self.sync());
        if synced.is_ok() && record.ended.is_some() {
            remove(id, &mark(&self.folder, id));
        }
        synced.map_err(|source| JournalError::Write { file, source })
    }

    /// Marks an open request as called off; when this is over the mark is on disk.
    ///
    /// # Errors
    /// [`JournalError::Write`], when it is not.
    pub fn cancel(&self, id: &JobId) -> Result<(), JournalError> {
        let file = mark(&self.folder, id);
        let written = write_synced(&file, b"").and_then(|()| self.sync());
        written.map_err(|source| JournalError::Write { file, source })
    }

    /// Takes the record of a request away that ended long ago. One that stays because of a
    /// crash is forgotten after the next start.
    pub fn forget(&self, id: &JobId) {
        remove(id, &path(&self.folder, id));
        // Whoever called it off may have come when it had just ended.
        remove(id, &mark(&self.folder, id));
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    /// The record of a request, read anew; `None` when there is none that can be read.
    #[must_use]
    pub fn get(&self, id: &JobId) -> Option<JournalRecord> {
        one(&path(&self.folder, id)).ok()
    }

    /// Whether a file can be written there now.
    ///
    /// # Errors
    /// [`JournalError::Write`], with the reason.
    pub fn probe(&self) -> Result<(), JournalError> {
        let file = self.folder.join("probe.tmp");
        let written = write_synced(&file, b"probe");
        let _ = fs::remove_file(&file);
        written.map_err(|source| JournalError::Write { file, source })
    }
}

fn path(folder: &Path, id: &JobId) -> PathBuf {
    folder.join(format!("{id}.json"))
}

fn mark(folder: &Path, id: &JobId) -> PathBuf {
    folder.join(format!("{id}.cancelled"))
}

fn remove(id: &JobId, file: &Path) {
    if let Err(error) = fs::remove_file(file)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%id, %error, "what is left of a request that has ended could not be removed");
    }
}

fn write_synced(file: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(file)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Whoever could write in it could have anything pulled in anybody's name.
fn keep_to_oneself(folder: &Path) -> io::Result<()> {
    let found = fs::metadata(folder)?;
    let (owner, own) = (found.uid(), geteuid().as_raw());
    if owner != own {
        return Err(io::Error::other(format!("`requests` in it is user {owner}'s, and the agent is user {own}")));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Everything in the folder: records, and what a crash or somebody else has left.
fn read(folder: &Path) -> io::Result<LoadedJournal> {
    let mut found = LoadedJournal::default();
    let mut cancelled = HashSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            // What was under way in a crash was never acknowledged.
            Some("tmp") => {
                if let Err(error) = fs::remove_file(&path) {
                    found.broken.push((path, error.to_string()));
                }
            }
            Some("json") => match one(&path) {
                Ok(mut record) => {
                    if let Some(ended) = &mut record.ended {
                        ended.report = RawValue::NULL.to_owned();
                    }
                    found.records.push(record);
                }
                Err(why) => {
                    let aside = path.with_extension("broken");
                    let path = if fs::rename(&path, &aside).is_ok() { aside } else { path };
                    found.broken.push((path, why));
                }
            },
            Some("cancelled") => {
                let of = path.file_stem().and_then(|stem| JobId::parse(stem.to_str()?));
                cancelled.extend(of);
            }
            _ => {}
        }
    }
    for record in &mut found.records {
        record.cancelled = record.ended.is_none() && cancelled.remove(&record.request.id);
    }
    // Theirs have ended.
    for id in cancelled {
        remove(&id, &mark(folder, &id));
    }
    found.records.sort_by(|one, other| one.request.id.cmp(&other.request.id));
    Ok(found)
}

fn one(path: &Path) -> Result<JournalRecord, String> {
    let text = own_text(path).map_err(|error| error.to_string())?;
    let record: JournalRecord = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let is_its_own = path.file_stem().is_some_and(|stem| *stem == *record.request.id.to_string());
    match record.version {
        VERSION if is_its_own => Ok(record),
        VERSION => Err("it is the record of another request".to_owned()),
        version => Err(format!("its version is {version}, this program knows {VERSION}")),
    }
}

/// A file that this user has written. Never waits for a pipe, nor follows a link.
fn own_text(path: &Path) -> io::Result<Vec<u8>> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW).bits()).unwrap_or_default();
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if found.uid() != geteuid().as_raw() {
        return Err(io::Error::other(format!("it is user {}'s", found.uid())));
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
