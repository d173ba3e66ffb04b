//! Reads one file of the folder as one consistent version, and the metadata that
//! distinguish two versions without reading them.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::OFlags;

use crate::error::Failure;
use crate::pipeline::{InputError, read_definition};
use crate::task::{TaskDefinition, minimal_definition};

/// How long an invalid file must be unchanged before it is reported: until then, it may still be
/// being written.
pub(super) const SETTLE_TIME: Duration = Duration::from_secs(2);

/// How long a file must be unchanged before its fingerprint is reliable. Clocks of file systems
/// advance in steps of some milliseconds, and two versions within one step look the same.
const FINGERPRINT_AGE: Duration = Duration::from_secs(1);

/// The result of reading a file. The fingerprint is `None` where it is not reliable.
#[derive(Debug)]
pub(super) enum FileRead {
    /// The file was removed after it was listed.
    Removed,
    /// The file is still being written.
    Unsettled,
    /// The file is a task definition.
    Valid { essence: String, fingerprint: Option<FileFingerprint> },
    /// The file is not a valid task definition, or cannot be read.
    Invalid { failure: Failure, fingerprint: Option<FileFingerprint> },
}

/// One version of a file, or why its content cannot be used.
struct FileVersion {
    fingerprint: FileFingerprint,
    content: Result<Vec<u8>, Failure>,
}

impl FileRead {
    /// Reads a file. Blocks on the disk, but never on a pipe or a device.
    pub(super) fn read(path: &Path) -> Self {
        let (fingerprint, content) = match FileVersion::read(path) {
            Ok(Some(version)) => (Some(version.fingerprint), version.content),
            Ok(None) => return Self::Unsettled,
            Err(InputError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Self::Removed;
            }
            Err(error) => {
                let fingerprint = fs::metadata(path).ok().map(|metadata| FileFingerprint::new(&metadata));
                (fingerprint, Err(Failure::from(error)))
            }
        };
        let now = SystemTime::now();
        let is_settled = fingerprint.is_none_or(|fingerprint| fingerprint.is_unchanged_for(SETTLE_TIME, now));
        let fingerprint = fingerprint.filter(|fingerprint| fingerprint.is_unchanged_for(FINGERPRINT_AGE, now));
        match content.and_then(|content| parse(path, &content)) {
            Ok(essence) => Self::Valid { essence, fingerprint },
            Err(failure) if is_settled => Self::Invalid { failure, fingerprint },
            Err(_) => Self::Unsettled,
        }
    }
}

impl FileVersion {
    /// Reads the current version; `None` if the file changes meanwhile.
    fn read(path: &Path) -> Result<Option<Self>, InputError> {
        let unreadable = |source| InputError::Unreadable { path: path.to_owned(), source };
        // Checked first, because opening a device or a pipe has effects.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(InputError::NotRegular { path: path.to_owned() });
        }
        let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unreadable)?;
        Self::read_open(&file, path).map_err(unreadable)
    }

    fn read_open(file: &File, path: &Path) -> io::Result<Option<Self>> {
        let before = FileFingerprint::new(&file.metadata()?);
        let content = read_definition(file)?;
        let fingerprint = FileFingerprint::new(&file.metadata()?);
        let content = content.ok_or_else(|| Failure::from(InputError::TooLong { path: path.to_owned() }));
        Ok((before == fingerprint).then_some(Self { fingerprint, content }))
    }
}

fn parse(path: &Path, content: &[u8]) -> Result<String, Failure> {
    TaskDefinition::parse(&path.display().to_string(), content)?;
    // Cannot be `None`: the definition was parsed above.
    Ok(minimal_definition(content).unwrap_or_default())
}

/// The metadata of one version of a file. Two versions that are written within one step of the
/// file system's clock can have the same fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileFingerprint {
    device: u64,
    inode: u64,
    size: u64,
    modified: FileTime,
    changed: FileTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileTime {
    seconds: i64,
    nanoseconds: i64,
}

impl FileFingerprint {
    pub(super) fn new(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: FileTime { seconds: metadata.mtime(), nanoseconds: metadata.mtime_nsec() },
            changed: FileTime { seconds: metadata.ctime(), nanoseconds: metadata.ctime_nsec() },
        }
    }

    /// Whether the file has been unchanged for at least `duration`. The clock of the file system
    /// may differ from the host's: a change in the future counts as long ago.
    pub(super) fn is_unchanged_for(&self, duration: Duration, now: SystemTime) -> bool {
        let age = self.changed.to_system_time().and_then(|changed| now.duration_since(changed).ok());
        age.is_none_or(|age| age >= duration)
    }
}

impl FileTime {
    fn to_system_time(self) -> Option<SystemTime> {
        let (seconds, nanoseconds) = (u64::try_from(self.seconds).ok()?, u32::try_from(self.nanoseconds).ok()?);
        UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))
    }
}
