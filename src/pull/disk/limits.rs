//! When the disk is checked, and what a shortage leads to.

use crate::config::DiskCheck;

/// When the disk is checked, and what a shortage leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskLimits {
    /// What a shortage leads to.
    pub check: DiskCheck,
    /// Free bytes from which on the size of an image is not looked up. With 0, the disk is never
    /// checked.
    pub skip_check_above: u64,
}
