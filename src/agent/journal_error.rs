//! What can be wrong with the folder of the requests.

use std::io;
use std::path::PathBuf;

use crate::error::{Class, Explain, Link};

/// Why a request could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder cannot be used.
    #[error("state folder {folder}", folder = folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another agent has it.
    #[error("state folder {folder}: another agent is using it", folder = folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// A file could not be written.
    #[error("{file} could not be written", file = file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl JournalError {
    /// Whether there was no space for it.
    #[must_use]
    pub fn is_no_space(&self) -> bool {
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
            _ if self.is_no_space() => Class::DiskFull,
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
        Some(match self {
            Self::Folder { .. } => "it must be a folder that the agent may write: `agent.state_folder`".to_owned(),
            Self::Locked { .. } => {
                "end the other agent, or give this one an `agent.state_folder` of its own".to_owned()
            }
            Self::Write { .. } if self.is_no_space() => {
                "make room on its disk; nothing new is accepted before, and what was accepted goes on".to_owned()
            }
            Self::Write { .. } => return None,
        })
    }
}
