//! The free space of the filesystem that stores an engine's images.

use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::fs::statvfs;
use tokio::time::timeout;

use crate::engine::Storage;

/// Free space as `df` shows it to users, without the space that is reserved for root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pull) struct FreeSpace {
    /// Free space in bytes.
    pub(in crate::pull) free: u64,
    /// Number of files that can be created; `None` if the filesystem has no limit.
    pub(in crate::pull) inodes: Option<u64>,
}

/// Measures the free space, if the engine's folder is visible here and the filesystem answers
/// within `limit`. It runs on a blocking thread, because a lost network disk may never answer.
pub(super) async fn measure_in_time(storage: &Storage, limit: Duration) -> Option<FreeSpace> {
    let Storage { root, driver_folder, .. } = storage.clone();
    let measurement = tokio::task::spawn_blocking(move || measure(&root, &driver_folder));
    match timeout(limit, measurement).await {
        Ok(Ok(Ok(space))) => Some(space),
        Ok(Ok(Err(error))) => {
            tracing::debug!(root = %storage.root.display(), %error, "free space cannot be measured");
            None
        }
        Ok(Err(_)) | Err(_) => {
            tracing::debug!(root = %storage.root.display(), "filesystem did not answer; free space is unknown");
            None
        }
    }
}

fn measure(root: &Path, driver_folder: &Path) -> io::Result<FreeSpace> {
    // taskpull may run in a container that has the engine's socket but another filesystem. A folder
    // of the same name is the engine's only if it contains the storage driver's folder, or if this
    // user may not look for it.
    match driver_folder.symlink_metadata() {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
        _ => {}
    }
    let stats = statvfs(root)?;
    Ok(FreeSpace {
        free: stats.f_bavail.saturating_mul(stats.f_frsize),
        inodes: (stats.f_files > 0).then_some(stats.f_favail),
    })
}

#[cfg(test)]
mod tests {
    use super::measure;

    #[test]
    fn folder_without_the_storage_driver_is_not_measured() {
        let folder = tempfile::tempdir().unwrap();
        let driver_folder = folder.path().join("overlay2");
        assert!(measure(folder.path(), &driver_folder).is_err());
        std::fs::create_dir(&driver_folder).unwrap();
        assert!(measure(folder.path(), &driver_folder).unwrap().free > 0);
    }
}
