//! A disk that became full during a pull.

use std::fmt;
use std::path::PathBuf;

use super::byte_size::ByteSize;
use super::free_space::FreeSpace;
use super::reservation::FACTOR;
use super::shortage::INODES_HINT;

/// The disk became full during a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskFull {
    pub(in crate::pull) root: PathBuf,
    /// Free space after the failure, when the engine has deleted the partial download.
    pub(in crate::pull) space: FreeSpace,
    /// Estimated need of the image in bytes, where it is known.
    pub(in crate::pull) need: Option<u64>,
}

const HINT: &str = "free disk space or use a larger disk: `docker system df` shows what uses it, `docker image prune` removes \
     untagged images; taskpull deletes nothing. `df -i` shows the inodes, which may run out before the bytes";

impl DiskFull {
    pub(in crate::pull) fn hint(&self) -> &'static str {
        if self.space.inodes == Some(0) { INODES_HINT } else { HINT }
    }
}

impl fmt::Display for DiskFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, space, need } = self;
        write!(f, "the disk became full during the pull: {}", ByteSize(space.free))?;
        if let Some(inodes) = space.inodes {
            write!(f, " and {inodes} inodes")?;
        }
        write!(f, " free in {} after the engine cleaned up", root.display())?;
        match need {
            Some(need) => write!(f, ", about {} needed ({FACTOR} times its layers)", ByteSize(*need)),
            None => Ok(()),
        }
    }
}
