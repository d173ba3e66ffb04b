//! Where an engine stores its images.

use std::path::PathBuf;

use crate::task::Platform;

/// The storage of an engine on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The engine's data folder, such as `/var/lib/docker`.
    pub root: PathBuf,
    /// The storage driver's folder below the root. If it exists on this host, the root is the
    /// engine's own and not a folder of the same name in another file system.
    pub driver_folder: PathBuf,
    /// The platform that the engine pulls by default.
    pub platform: Option<Platform>,
}
