//! One file of the folder, read whole as one version of it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;

use super::listing::FileFingerprint;
use crate::error::Failure;
use crate::pipeline::{InputError, read_definition};
use crate::task::{TaskDefinition, minimal_definition};

/// What cannot be used is believed once it has stayed the same for so long: before that
/// somebody may be writing it.
pub(super) const SETTLED: Duration = Duration::from_secs(2);

/// Two versions of one moment have the same stamp; disks count in steps of some milliseconds.
const ONE_MOMENT: Duration = Duration::from_secs(1);

/// What was read.
#[derive(Debug)]
pub(super) enum FileRead {
    /// It has gone since it was seen.
    Gone,
    /// It is being written.
    Unsettled,
    /// A definition: what is kept of it, and its stamp where that can be relied on.
    Good { essence: String, stamp: Option<FileFingerprint> },
    /// It is none.
    Broken { failure: Failure, stamp: Option<FileFingerprint> },
}

/// Reads a file. Waits for the disk, and never for a pipe or a device.
pub(super) fn read(path: &Path) -> FileRead {
    let (stamp, text) = match text(path) {
        Ok(Some((stamp, text))) => (Some(stamp), text),
        Ok(None) => return FileRead::Unsettled,
        Err(InputError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return FileRead::Gone;
        }
        Err(error) => (fs::metadata(path).ok().map(|it| FileFingerprint::new(&it)), Err(Failure::from(error))),
    };
    let now = SystemTime::now();
    let reliable = stamp.filter(|stamp| stamp.is_older(now, ONE_MOMENT));
    match text.and_then(|text| definition(path, &text)) {
        Ok(essence) => FileRead::Good { essence, stamp: reliable },
        Err(_) if stamp.is_some_and(|stamp| !stamp.is_older(now, SETTLED)) => FileRead::Unsettled,
        Err(failure) => FileRead::Broken { failure, stamp: reliable },
    }
}

fn definition(path: &Path, text: &[u8]) -> Result<String, Failure> {
    TaskDefinition::parse(&path.display().to_string(), text)?;
    // What parses as a definition has an essence.
    Ok(minimal_definition(text).unwrap_or_default())
}

/// The text of one version of the file, or why there is none; `None` while it changes.
type FileContent = Option<(FileFingerprint, Result<Vec<u8>, Failure>)>;

fn text(path: &Path) -> Result<FileContent, InputError> {
    let unreadable = |source| InputError::Unreadable { path: path.to_owned(), source };
    // Asked before it is opened: that alone has effects on a device or a pipe.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(InputError::NotRegular { path: path.to_owned() });
    }
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unreadable)?;
    version(&file, path).map_err(unreadable)
}

fn version(file: &File, path: &Path) -> io::Result<FileContent> {
    let before = FileFingerprint::new(&file.metadata()?);
    let text = read_definition(file)?;
    let stamp = FileFingerprint::new(&file.metadata()?);
    let text = text.ok_or_else(|| Failure::from(InputError::TooLong { path: path.to_owned() }));
    Ok((before == stamp).then_some((stamp, text)))
}
