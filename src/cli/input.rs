//! Reading what the command line names: files, folders, stdin.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::{Class, Explain, Failure, Link};
use crate::pipeline::Input;

/// Longest input, in bytes. ECS takes 64 KiB for a task definition; an array of ten
/// thousand containers has some three million.
const LIMIT: u64 = 16 * 1_024 * 1_024;

/// The input that is no file.
pub(super) const STDIN: &str = "-";

/// An input that could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputError {
    /// The system says why.
    #[error("{path}: cannot be read", path = .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// More than [`LIMIT`].
    #[error("{path}: longer than {} MiB, which no task definition is", LIMIT / 1_024 / 1_024, path = .path.display())]
    Long { path: PathBuf },
    /// A folder without `*.json`.
    #[error("{path}: the folder has no *.json in it", path = .path.display())]
    EmptyFolder { path: PathBuf },
}

impl Explain for InputError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => Class::Absent,
            Self::Unreadable { .. } => Class::Refused,
            Self::Long { .. } => Class::Invalid,
            Self::EmptyFolder { .. } => Class::Absent,
        }
    }

    fn thing(&self) -> String {
        let (Self::Unreadable { path, .. } | Self::Long { path } | Self::EmptyFolder { path }) = self;
        path.display().to_string()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreadable { .. } => return None,
            Self::Long { .. } => "is it the right file?",
            Self::EmptyFolder { .. } => "only files that end in .json are read from a folder, and none below it",
        };
        Some(hint.to_owned())
    }
}

/// Reads all of them, stdin once; what cannot be read is an input too, with its failure.
pub(super) fn read(paths: &[PathBuf]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for (at, path) in paths.iter().enumerate() {
        if path == Path::new(STDIN) && paths[..at].contains(path) {
            continue;
        }
        match files(path) {
            Ok(files) => inputs.extend(files.iter().map(|file| one(file))),
            Err(error) => inputs.push(Input { source: path.display().to_string(), text: Err(Failure::from(&error)) }),
        }
    }
    inputs
}

/// The file itself, or a folder's `*.json` in order of name.
fn files(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    if path == Path::new(STDIN) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |source| InputError::Unreadable { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "json") && !file.is_dir() {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() { Err(InputError::EmptyFolder { path: path.to_owned() }) } else { Ok(files) }
}

fn one(path: &Path) -> Input {
    let read = if path == Path::new(STDIN) { bounded(io::stdin().lock()) } else { File::open(path).and_then(bounded) };
    let text = match read {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(InputError::Long { path: path.to_owned() }),
        Err(source) => Err(InputError::Unreadable { path: path.to_owned(), source }),
    };
    Input { source: path.display().to_string(), text: text.map_err(|error| Failure::from(&error)) }
}

/// The whole of it, or `None` when it is too long.
fn bounded(reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let text = at_most(reader, LIMIT + 1)?;
    Ok((text.len() as u64 <= LIMIT).then_some(text))
}

/// The first so many bytes, or all there are.
pub(super) fn at_most(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
