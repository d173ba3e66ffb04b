//! Reading a task definition from a file or stdin, with a limit on its size, and the reasons
//! why it cannot be read.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::missing_input;
use crate::error::{Class, Excerpt, Explain, Failure, InputKind, InputText, Link};
use crate::task::shell_word;

/// Maximum number of bytes of one input. ECS accepts 64 KiB for a task definition; an array of ten thousand
/// containers has about three million.
pub(super) const LIMIT: u64 = 16 * 1_024 * 1_024;

/// One input and its text, or why it could not be read.
#[derive(Clone, Debug)]
pub struct Input {
    /// The path, or `-` for stdin.
    pub source: String,
    /// The bytes, or the failure to read them.
    pub text: Result<Vec<u8>, Failure>,
}

/// Reads a whole task definition; `None` if it is longer than the limit of 16 MiB.
///
/// # Errors
/// The error of the reader.
pub fn read_definition(reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let text = read_at_most(reader, LIMIT + 1)?;
    Ok((u64::try_from(text.len()).is_ok_and(|length| length <= LIMIT)).then_some(text))
}

/// Reads to the end, but no more than `limit` bytes.
///
/// # Errors
/// The error of the reader.
pub fn read_at_most(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// An input that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The operating system reports an error.
    #[error("cannot read {path}", path = shown(.path))]
    Unreadable {
        /// Path of the input.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The text of a definition where the path of a file is required. It may contain passwords.
    #[error("an argument is the text of a definition, and not the path of a file")]
    NotAPath,
    /// The input is longer than any task definition.
    #[error("{path} is longer than {} MiB, which no task definition is", LIMIT / 1_024 / 1_024, path = shown(.path))]
    TooLong {
        /// Path of the input.
        path: PathBuf,
    },
    /// A folder contains no `*.json`.
    #[error("folder {path} contains no *.json", path = shown(.path))]
    EmptyFolder {
        /// Path of the folder.
        path: PathBuf,
    },
    /// The path is a pipe, a device or a socket where a file is required.
    #[error("{path} is not a regular file", path = shown(.path))]
    NotRegular {
        /// Path of the pipe, device or socket.
        path: PathBuf,
    },
}

impl InputError {
    /// The name of an input that is not shown.
    pub const WITHHELD: &str = "[withheld]";

    /// The error of an argument that is no path, if it is none.
    #[must_use]
    pub fn for_argument(argument: &str) -> Option<Self> {
        missing_input::is_text(argument).then_some(Self::NotAPath)
    }
}

/// A path as an error shows it; a login may be given in its place.
fn shown(path: &Path) -> Excerpt {
    InputText::new(InputKind::Path, &path.to_string_lossy()).whole()
}

impl Explain for InputError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => Class::Absent,
            Self::Unreadable { .. } => Class::Refused,
            Self::NotAPath | Self::TooLong { .. } | Self::NotRegular { .. } => Class::Invalid,
            Self::EmptyFolder { .. } => Class::Absent,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::NotAPath => Self::WITHHELD.to_owned(),
            Self::Unreadable { path, .. }
            | Self::TooLong { path }
            | Self::EmptyFolder { path }
            | Self::NotRegular { path } => shown(path).to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreadable { path, source } if source.kind() == io::ErrorKind::NotFound => {
                return missing_input::hint(path.to_str()?);
            }
            Self::Unreadable { path, source } if source.kind() == io::ErrorKind::PermissionDenied => {
                let path = path.to_str().and_then(shell_word)?;
                return Some(format!("`ls -ld {path}` shows who may read it"));
            }
            Self::Unreadable { .. } => return None,
            Self::NotAPath => "give the text on stdin, and `-` for the path: `taskpull pull - < task.json`",
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
        let rows: [(&str, Failure); 7] = [
            ("missing", unreadable(io::ErrorKind::NotFound).into()),
            ("not permitted", unreadable(io::ErrorKind::PermissionDenied).into()),
            (
                "an image",
                InputError::Unreadable { path: "nginx:1".into(), source: io::ErrorKind::NotFound.into() }.into(),
            ),
            ("a text", InputError::NotAPath.into()),
            ("too long", InputError::TooLong { path: path() }.into()),
            ("empty folder", InputError::EmptyFolder { path: path() }.into()),
            ("pipe", InputError::NotRegular { path: path() }.into()),
        ];
        insta::assert_snapshot!(catalogue::render(rows));
    }
}
