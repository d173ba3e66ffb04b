//! A shortage of disk space that was found before a pull.

use std::fmt;
use std::path::PathBuf;

use super::byte_size::ByteSize;
use super::free_space::FreeSpace;
use super::reservation::{FACTOR, SpaceEstimate};

/// The disk has no space for an image, by an estimate made before its pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    pub(in crate::pull) root: PathBuf,
    pub(in crate::pull) space: FreeSpace,
    pub(in crate::pull) estimate: SpaceEstimate,
}

const HINT: &str = "free disk space or use a larger disk: `docker system df` shows what uses it, `docker image prune` removes \
     untagged images; taskpull deletes nothing. The required space is an estimate: with disk.check = \"warn\" the image is \
     pulled anyway";

/// The hint when the disk has no inode left; more bytes would not help.
pub(super) const INODES_HINT: &str = "`df -i` shows the inodes: there are many small files, or the filesystem was made with too few inodes. `docker \
     system df` shows what uses the disk, `docker image prune` removes untagged images; taskpull deletes nothing";

impl Shortage {
    pub(in crate::pull) fn hint(&self) -> &'static str {
        if self.space.inodes == Some(0) { INODES_HINT } else { HINT }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, space, estimate: SpaceEstimate { own, others } } = self;
        let (root, free) = (root.display(), ByteSize(space.free));
        if space.inodes == Some(0) {
            return write!(f, "not enough disk space: no free inodes in {root} ({free} free)");
        }
        write!(f, "not enough disk space: about {} needed ({FACTOR} times its layers), ", ByteSize(*own))?;
        if *others > 0 {
            write!(f, "{} reserved for concurrent pulls, ", ByteSize(*others))?;
        }
        write!(f, "{free} free in {root}")
    }
}
