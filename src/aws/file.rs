//! Files that the operator names, read whole: regular ones, up to a length.
//!
//! A pipe would hold the program up until somebody writes, a device would never end.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum FileError {
    /// The system does not let us.
    Unreadable(io::Error),
    /// A folder, a pipe, a device, …
    NotRegular,
    /// Longer than the limit.
    Long,
}

/// The bytes of a regular file of at most `limit` bytes; a symbolic link is followed.
pub(crate) fn bytes_of(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    // Looked at before it is opened: to open a pipe is to wait for its writer.
    if !fs::metadata(path).map_err(FileError::Unreadable)?.is_file() {
        return Err(FileError::NotRegular);
    }
    let file = File::open(path).map_err(FileError::Unreadable)?;
    let about = file.metadata().map_err(FileError::Unreadable)?;
    if !about.is_file() {
        return Err(FileError::NotRegular);
    }
    // A buffer that grows leaves its old contents behind.
    let expected = usize::try_from(about.len()).unwrap_or(limit).min(limit);
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected + 64));
    let length = file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(FileError::Unreadable)?;
    if length > limit { Err(FileError::Long) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{FileError, bytes_of};

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(**bytes_of(&path, 5).unwrap(), *b"12345");
        assert!(matches!(bytes_of(&path, 4), Err(FileError::Long)));
        assert!(matches!(bytes_of(&folder.path().join("absent"), 4), Err(FileError::Unreadable(_))));
    }

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&*pipe, folder.path(), "/dev/zero".as_ref()] {
            assert!(matches!(bytes_of(path, 4), Err(FileError::NotRegular)), "{}", path.display());
        }
    }

    #[test]
    fn a_link_to_a_file_is_that_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "1").unwrap();
        std::os::unix::fs::symlink("file", folder.path().join("link")).unwrap();
        assert_eq!(**bytes_of(&folder.path().join("link"), 4).unwrap(), *b"1");
    }
}
