//! Metadata that distinguish two versions of a file without reading it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
