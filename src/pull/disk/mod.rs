//! Checks whether the engine's disk has space for an image, and reports a disk that is full.
//!
//! The check deletes nothing. Where the disk or the image's size cannot be seen (an engine on
//! another host, a registry that only the engine reaches), the check passes: unknown is not a
//! failure. While a disk has more free space than [`DiskLimits`] asks for, no registry is contacted.

mod byte_size;
mod disk_full;
mod engine_disk;
mod free_space;
mod limits;
mod reservation;
mod shortage;

pub use disk_full::DiskFull;
pub(super) use engine_disk::{DiskCheckResult, EngineDisk};
#[cfg(test)]
pub(super) use free_space::FreeSpace;
pub use limits::DiskLimits;
pub(super) use reservation::DiskReservations;
#[cfg(test)]
pub(super) use reservation::SpaceEstimate;
pub use shortage::Shortage;
