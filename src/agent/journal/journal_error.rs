//! Why the journal cannot be used.

use std::io;
use std::path::PathBuf;

use crate::error::{Class, Explain, Link};

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
                "free space on this disk; until then the agent rejects new requests and continues those it has accepted"
            }
            Self::Write { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
