//! Why an input cannot be read.

use std::io;
use std::path::PathBuf;

use super::input::LIMIT;
use crate::error::{Class, Explain, Link};

/// An input that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The operating system reports an error.
    #[error("cannot read {path}", path = .path.display())]
    Unreadable {
        /// Path of the input.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The input is longer than any task definition.
    #[error("{path} is longer than {} MiB, which no task definition is", LIMIT / 1_024 / 1_024, path = .path.display())]
    TooLong {
        /// Path of the input.
        path: PathBuf,
    },
    /// A folder contains no `*.json`.
    #[error("folder {path} contains no *.json", path = .path.display())]
    EmptyFolder {
        /// Path of the folder.
        path: PathBuf,
    },
    /// The path is a pipe, a device or a socket where a file is required.
    #[error("{path} is not a regular file", path = .path.display())]
    NotRegular {
        /// Path of the pipe, device or socket.
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
            Self::TooLong { .. } | Self::NotRegular { .. } => Class::Invalid,
            Self::EmptyFolder { .. } => Class::Absent,
        }
    }

    fn resource(&self) -> String {
        let (Self::Unreadable { path, .. }
        | Self::TooLong { path }
        | Self::EmptyFolder { path }
        | Self::NotRegular { path }) = self;
        path.display().to_string()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreadable { .. } => return None,
            Self::TooLong { .. } => "check that this is the right file",
            Self::NotRegular { .. } => "put the task definition itself there, or a symbolic link to it",
            Self::EmptyFolder { .. } => {
                "only files whose names end in .json are read from a folder; subfolders are ignored"
            }
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::InputError;
    use crate::error::{Failure, catalogue};

    #[test]
    fn errors_read_as_in_the_catalogue() {
        let path = || "/etc/tasks".into();
        let unreadable = |kind: io::ErrorKind| InputError::Unreadable { path: path(), source: kind.into() };
        let rows: [(&str, Failure); 5] = [
            ("missing", unreadable(io::ErrorKind::NotFound).into()),
            ("not permitted", unreadable(io::ErrorKind::PermissionDenied).into()),
            ("too long", InputError::TooLong { path: path() }.into()),
            ("empty folder", InputError::EmptyFolder { path: path() }.into()),
            ("pipe", InputError::NotRegular { path: path() }.into()),
        ];
        insta::assert_snapshot!(catalogue::render(rows));
    }
}
