//! What is said of a disk that has no room, before a pull and after one.

use std::fmt;
use std::path::PathBuf;

use super::free_space::FreeSpace;
use super::reservation::{FACTOR, SpaceEstimate};

/// There is no room for an image, by all that is known before its pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    pub(super) root: PathBuf,
    pub(super) space: FreeSpace,
    pub(super) weighed: SpaceEstimate,
}

/// The disk was full within a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskFull {
    pub(super) root: PathBuf,
    /// After the failure: the engine has taken back by then what it could.
    pub(super) now: FreeSpace,
    /// What the image needs, where that is known.
    pub(super) need: Option<u64>,
}

/// What to do about it. Which images are of no use any more only the operator knows.
const HINT: &str = "make room or a larger disk: `docker system df` shows what takes it, `docker image prune` removes images without a \
     name; taskpull deletes nothing. `df -i` shows the inodes, which can run out first";

/// The same, where a setting kept the pull from beginning.
const HINT_REFUSED: &str = "make room or a larger disk: `docker system df` shows what takes it, `docker image prune` removes images without a \
     name; taskpull deletes nothing. The need is an estimate: with disk.check = \"warn\" the pull is tried";

/// What to do where bytes are not what is missing.
const HINT_INODES: &str = "`df -i` shows the files: there are many small ones, or the filesystem was made with too few inodes. `docker system \
     df` shows what takes room, `docker image prune` removes images without a name; taskpull deletes nothing";

impl Shortage {
    /// What to do.
    pub(in crate::pull) fn hint(&self) -> &'static str {
        if self.space.inodes == Some(0) { HINT_INODES } else { HINT_REFUSED }
    }
}

impl DiskFull {
    /// What to do.
    pub(in crate::pull) fn hint(&self) -> &'static str {
        if self.now.inodes == Some(0) { HINT_INODES } else { HINT }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, space, weighed: SpaceEstimate { own, others } } = self;
        let root = root.display();
        if space.inodes == Some(0) {
            return write!(f, "no file can be made in {root}: {} free, and no inode", ByteSize(space.free));
        }
        write!(f, "it needs about {} ({FACTOR} times its layers)", ByteSize(*own))?;
        if *others > 0 {
            write!(f, ", those pulled at the same time {}", ByteSize(*others))?;
        }
        write!(f, ", and {root} has {} free", ByteSize(space.free))
    }
}

impl fmt::Display for DiskFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, now, need } = self;
        write!(
            f,
            "no space was left while it was pulled; now that the engine is done with it, {} has {}",
            root.display(),
            ByteSize(now.free)
        )?;
        if let Some(inodes) = now.inodes {
            write!(f, " and {inodes} inodes")?;
        }
        f.write_str(" free")?;
        match need {
            Some(need) => write!(f, ", and it needs about {} ({FACTOR} times its layers)", ByteSize(*need)),
            None => Ok(()),
        }
    }
}

/// `1.4 GiB`
struct ByteSize(u64);

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1_024 {
            return write!(f, "{} B", self.0);
        }
        // Tenths, rounded down: no need is told greater than it is, and no room.
        let unit = (self.0.ilog2() / 10).min(6);
        let tenths = (u128::from(self.0) * 10) >> (10 * unit);
        let name = UNITS[unit as usize - 1];
        write!(f, "{}.{} {name}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::{ByteSize, DiskFull, FreeSpace, Shortage, SpaceEstimate};
    use std::path::PathBuf;

    #[test]
    fn sizes_are_told_as_people_tell_them() {
        for (bytes, told) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (1_500_000, "1.4 MiB"),
            (20 << 30, "20.0 GiB"),
            ((1 << 30) - 1, "1023.9 MiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(ByteSize(bytes).to_string(), told);
        }
    }

    #[test]
    fn a_shortage_names_need_room_and_place() {
        let root = PathBuf::from("/var/lib/docker");
        let weighed = SpaceEstimate { own: 3 << 30, others: 1 << 20 };
        let bytes = Shortage { root: root.clone(), space: FreeSpace { free: 1 << 30, inodes: None }, weighed };
        assert_eq!(
            bytes.to_string(),
            "it needs about 3.0 GiB (3 times its layers), those pulled at the same time 1.0 MiB, \
             and /var/lib/docker has 1.0 GiB free"
        );
        let none = FreeSpace { free: 1 << 30, inodes: Some(0) };
        let inodes = Shortage { root: root.clone(), space: none, weighed };
        assert_eq!(inodes.to_string(), "no file can be made in /var/lib/docker: 1.0 GiB free, and no inode");
        assert!(inodes.hint().contains("df -i"));
        let filled = DiskFull { root, now: none, need: None }.to_string();
        assert!(filled.ends_with("/var/lib/docker has 1.0 GiB and 0 inodes free"), "{filled}");
    }
}
