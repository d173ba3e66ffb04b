//! When the disk is checked, and what a shortage leads to.

/// What a shortage of disk space leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiskCheck {
    /// The disk is not checked.
    Off,
    /// The pull continues, with a warning.
    #[default]
    Warn,
    /// The pull fails before it starts.
    Refuse,
}

/// When the disk is checked, and what a shortage leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskLimits {
    /// What a shortage leads to.
    pub check: DiskCheck,
    /// Free bytes from which on the size of an image is not looked up. With 0, the disk is never
    /// checked.
    pub comfortable: u64,
}
