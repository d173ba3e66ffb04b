//! What a task definition is read from: how long it may be, and what is said when it cannot
//! be read.

use std::io::{self, Read};
use std::path::PathBuf;

use crate::error::{Class, Explain, Failure, Link};

/// Longest input, in bytes. ECS takes 64 KiB for a task definition; an array of ten
/// thousand containers has some three million.
const LIMIT: u64 = 16 * 1_024 * 1_024;

/// One input, as it was given and as far as it could be read.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its path, or `-`.
    pub source: String,
    /// Its bytes, or why they could not be read.
    pub text: Result<Vec<u8>, Failure>,
}

/// The whole of it, or `None` when it is too long.
///
/// # Errors
/// Whatever the reader says.
pub fn whole(reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let text = at_most(reader, LIMIT + 1)?;
    Ok((u64::try_from(text.len()).is_ok_and(|length| length <= LIMIT)).then_some(text))
}

/// The first so many bytes, or all there are.
///
/// # Errors
/// Whatever the reader says.
pub fn at_most(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// An input that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The system says why.
    #[error("{path}: cannot be read", path = .path.display())]
    Unreadable {
        /// Of the input.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is longer than any task definition.
    #[error("{path}: longer than {} MiB, which no task definition is", LIMIT / 1_024 / 1_024, path = .path.display())]
    Long {
        /// Of the input.
        path: PathBuf,
    },
    /// A folder without `*.json`.
    #[error("{path}: the folder has no *.json in it", path = .path.display())]
    EmptyFolder {
        /// Of the folder.
        path: PathBuf,
    },
    /// A pipe, a device or a socket where a file is wanted.
    #[error("{path}: is no regular file", path = .path.display())]
    NoFile {
        /// Of whatever it is.
        path: PathBuf,
    },
}

impl Explain for InputError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => Class::Absent,
            Self::Unreadable { .. } => Class::Refused,
            Self::Long { .. } | Self::NoFile { .. } => Class::Invalid,
            Self::EmptyFolder { .. } => Class::Absent,
        }
    }

    fn resource(&self) -> String {
        let (Self::Unreadable { path, .. } | Self::Long { path } | Self::EmptyFolder { path } | Self::NoFile { path }) =
            self;
        path.display().to_string()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreadable { .. } => return None,
            Self::Long { .. } => "is it the right file?",
            Self::NoFile { .. } => "put the task definition itself there, or a symlink to it",
            Self::EmptyFolder { .. } => "only files that end in .json are read from a folder, and none below it",
        };
        Some(hint.to_owned())
    }
}
