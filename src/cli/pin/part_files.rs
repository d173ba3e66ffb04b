//! Temporary files that replace their targets when all of them are complete.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::pin_write_error::PinWriteError;

/// The number of names that are tried for a temporary file.
const NAME_ATTEMPTS: u32 = 100;

/// Temporary files, each in the folder of its target. Those that have not replaced their targets are
/// deleted when this is dropped.
#[derive(Default)]
pub(super) struct PartFiles(Vec<PartFile>);

struct PartFile {
    path: PathBuf,
    target: PathBuf,
}

impl PartFiles {
    /// Writes a temporary file for this target. A new target gets the permissions of `source`.
    pub(super) fn write(&mut self, source: &Path, target: &Path, text: &[u8]) -> io::Result<()> {
        // A symbolic link stays a link; the file that it leads to is replaced.
        let target = target.canonicalize().unwrap_or_else(|_| target.to_owned());
        // Both errors are found before anything is renamed, because either all files are written or none.
        if target.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if self.0.iter().any(|other| other.target == target) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "two definitions would be written to this file"));
        }
        let (mut file, path) = create(&target)?;
        self.0.push(PartFile { path, target: target.clone() });
        if let Ok(metadata) = fs::metadata(&target).or_else(|_| fs::metadata(source)) {
            file.set_permissions(metadata.permissions())?;
        }
        file.write_all(text)?;
        file.sync_all()
    }

    /// Renames every file to its target. After an error, the remaining ones are deleted.
    pub(super) fn replace_targets(mut self) -> Result<(), PinWriteError> {
        while let Some(PartFile { path, target }) = self.0.first() {
            fs::rename(path, target).map_err(|source| PinWriteError { path: target.clone(), source })?;
            self.0.remove(0);
        }
        Ok(())
    }
}

impl Drop for PartFiles {
    fn drop(&mut self) {
        for PartFile { path, .. } in &self.0 {
            // A file that cannot be deleted stays; it does not disturb the next run.
            let _ = fs::remove_file(path);
        }
    }
}

/// Creates a file in the folder of the target. In containers, successive processes may have the same id,
/// and a killed one may have left its file behind, so several names are tried.
fn create(target: &Path) -> io::Result<(File, PathBuf)> {
    let mut last_error = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..NAME_ATTEMPTS {
        let mut name = OsStr::new(".").to_owned();
        name.push(target.file_name().unwrap_or_default());
        name.push(format!(".{}-{number}.part", std::process::id()));
        let path = target.with_file_name(name);
        // The `environment` of a definition may contain passwords, so the new file is private until it
        // gets the permissions of the one before it.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last_error = error,
            Err(error) => return Err(error),
        }
    }
    Err(last_error)
}

#[cfg(test)]
mod tests {
    use super::{PartFiles, Path, create, fs};

    fn write(folder: &Path, names: &[&str]) -> bool {
        let mut parts = PartFiles::default();
        let mut write = |name: &&str| parts.write(Path::new("-"), &folder.join(name), name.as_bytes()).is_ok();
        names.iter().all(&mut write) && parts.replace_targets().is_ok()
    }

    #[test]
    fn two_links_to_one_file_do_not_overwrite_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "before").unwrap();
        for link in ["a", "b"] {
            std::os::unix::fs::symlink("file", folder.path().join(link)).unwrap();
        }
        assert!(!write(folder.path(), &["a", "b"]));
        assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn part_file_of_a_killed_process_does_not_prevent_a_write() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let (_, left_behind) = create(&target).unwrap();
        assert!(write(folder.path(), &["file"]));
        assert_eq!((fs::read_to_string(target).unwrap(), left_behind.exists()), ("file".to_owned(), true));
    }
}
