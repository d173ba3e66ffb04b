//! The journal itself: the folder of the records, and its lock.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::loaded_journal::{JournalRecord, LoadedJournal, marker_path, remove_file};
use crate::agent::job_id::JobId;
use crate::error::{Class, Explain, Link};

/// The records of all jobs, in a folder that only one agent uses. Every function blocks on the disk.
pub struct Journal {
    folder: PathBuf,
    /// Locked while this value exists: two agents with one folder would run every job twice.
    _lock: File,
}

impl Journal {
    /// Opens the journal in a state folder, creates it if it does not exist, and reads it.
    ///
    /// # Errors
    /// [`JournalError`] if the folder cannot be used, or another agent uses it.
    pub fn open(state_folder: &Path) -> Result<(Self, LoadedJournal), JournalError> {
        let failed = |source| JournalError::Folder { folder: state_folder.to_owned(), source };
        let folder = state_folder.join("requests");
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        restrict_to_owner(&folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true).mode(0o600).open(state_folder.join("lock"));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(JournalError::Locked { folder: state_folder.to_owned() }),
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        let loaded = LoadedJournal::read(&folder).map_err(failed)?;
        Ok((Self { folder, _lock: lock }, loaded))
    }

    /// Writes the record of a job, and replaces an earlier one. When this returns, it is on disk.
    ///
    /// # Errors
    /// [`JournalError::Write`], for example because the disk is full or the folder was removed.
    pub fn write(&self, record: &JournalRecord) -> Result<(), JournalError> {
        let id = &record.job.id;
        let (file, temporary) = (self.record_path(id), self.folder.join(format!("{id}.tmp")));
        let written = serde_json::to_vec(record)
            .map_err(io::Error::other)
            .and_then(|text| write_synced(&temporary, &text))
            .and_then(|()| fs::rename(&temporary, &file));
        if written.is_err() {
            // Frees the space. If this fails too, the next start removes the file.
            let _ = fs::remove_file(&temporary);
        }
        let synced = written.and_then(|()| self.sync());
        if synced.is_ok() && record.end.is_some() {
            remove_file(id, &marker_path(&self.folder, id));
        }
        synced.map_err(|source| JournalError::Write { file, source })
    }

    /// Marks an open job as cancelled. When this returns, the marker is on disk.
    ///
    /// # Errors
    /// [`JournalError::Write`] if it cannot be written.
    pub fn mark_cancelled(&self, id: &JobId) -> Result<(), JournalError> {
        let file = marker_path(&self.folder, id);
        let written = write_synced(&file, b"").and_then(|()| self.sync());
        written.map_err(|source| JournalError::Write { file, source })
    }

    /// Removes the record of a job. A record that a crash brings back is removed after the next
    /// start, when its job leaves the history again.
    pub fn remove(&self, id: &JobId) {
        remove_file(id, &self.record_path(id));
        // A cancellation that arrived just after the end of the job has left a marker.
        remove_file(id, &marker_path(&self.folder, id));
    }

    /// Reads the record of a job from disk; `None` if there is no readable one.
    #[must_use]
    pub fn read(&self, id: &JobId) -> Option<JournalRecord> {
        JournalRecord::read(&self.record_path(id)).ok()
    }

    /// Checks that a file can be written, by writing one.
    ///
    /// # Errors
    /// [`JournalError::Write`] if it cannot.
    pub fn probe(&self) -> Result<(), JournalError> {
        let file = self.folder.join("probe.tmp");
        let written = write_synced(&file, b"probe");
        let _ = fs::remove_file(&file);
        written.map_err(|source| JournalError::Write { file, source })
    }

    fn record_path(&self, id: &JobId) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

fn write_synced(file: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(file)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Ensures that only the agent's user can write to the folder: another user could otherwise submit
/// jobs in the name of any caller.
fn restrict_to_owner(folder: &Path) -> io::Result<()> {
    let metadata = fs::metadata(folder)?;
    let (owner, agent) = (metadata.uid(), geteuid().as_raw());
    if owner != agent {
        return Err(io::Error::other(format!(
            "its folder `requests` belongs to user {owner}, and the agent runs as user {agent}"
        )));
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Why the journal could not be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The state folder could not be created, read or locked.
    #[error("cannot open state folder {folder}", folder = folder.display())]
    Folder {
        /// The path of the state folder.
        folder: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Another agent uses the state folder.
    #[error("state folder {folder} is in use by another agent", folder = folder.display())]
    Locked {
        /// The path of the state folder.
        folder: PathBuf,
    },
    /// A file could not be written.
    #[error("cannot write {file}", file = file.display())]
    Write {
        /// The path of the file.
        file: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl JournalError {
    fn is_disk_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        let (Self::Folder { source, .. } | Self::Write { source, .. }) = self else { return false };
        matches!(source.kind(), StorageFull | QuotaExceeded)
    }
}

impl Explain for JournalError {
    fn link(&self) -> Link {
        match self {
            Self::Write { .. } => Link::Disk,
            Self::Folder { .. } | Self::Locked { .. } => Link::Configuration,
        }
    }

    fn class(&self) -> Class {
        match self {
            _ if self.is_disk_full() => Class::DiskFull,
            Self::Write { .. } => Class::Unavailable,
            Self::Folder { .. } | Self::Locked { .. } => Class::Invalid,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::Folder { folder, .. } | Self::Locked { folder } => folder.display().to_string(),
            Self::Write { file, .. } => file.display().to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Folder { .. } => "set `agent.state_folder` to a folder that the agent's user can write to",
            Self::Locked { .. } => "stop the other agent, or set another `agent.state_folder` for this one",
            Self::Write { .. } if self.is_disk_full() => {
                "make room on this disk; until then the agent rejects new requests and continues those it has accepted"
            }
            Self::Write { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
