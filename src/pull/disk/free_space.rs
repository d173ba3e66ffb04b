//! The free space of the filesystem under an engine's images.

use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::fs::statvfs;
use tokio::time::timeout;

use crate::engine::Storage;

/// What is free, as `df` counts it for users: what is kept back for root is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FreeSpace {
    /// In bytes.
    pub free: u64,
    /// Files that can still be made; none where the filesystem has no limit.
    pub inodes: Option<u64>,
}

/// Measures it, if the engine's own folder can be seen from here and answers within `limit`:
/// on a thread of its own, because a lost network disk answers nobody.
pub(super) async fn measured(storage: &Storage, limit: Duration) -> Option<FreeSpace> {
    let Storage { root, sign, .. } = storage.clone();
    let measuring = tokio::task::spawn_blocking(move || measure(&root, &sign));
    match timeout(limit, measuring).await {
        Ok(Ok(Ok(space))) => Some(space),
        Ok(Ok(Err(error))) => {
            tracing::debug!(root = %storage.root.display(), %error, "the free space cannot be seen from here");
            None
        }
        Ok(Err(_)) | Err(_) => {
            tracing::debug!(root = %storage.root.display(), "the filesystem does not answer");
            None
        }
    }
}

fn measure(root: &Path, sign: &Path) -> io::Result<FreeSpace> {
    // A container may have the engine's socket and another filesystem: a folder of the same
    // name is the engine's if its storage driver's stands in it, or may not be looked for.
    match sign.symlink_metadata() {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
        _ => {}
    }
    let found = statvfs(root)?;
    Ok(FreeSpace {
        free: found.f_bavail.saturating_mul(found.f_frsize),
        inodes: (found.f_files > 0).then_some(found.f_favail),
    })
}

#[cfg(test)]
mod tests {
    use super::measure;

    #[test]
    fn a_folder_without_the_drivers_is_not_the_engines() {
        let folder = tempfile::tempdir().unwrap();
        let sign = folder.path().join("overlay2");
        assert!(measure(folder.path(), &sign).is_err());
        std::fs::create_dir(&sign).unwrap();
        assert!(measure(folder.path(), &sign).unwrap().free > 0);
    }
}
