//! Reads a whole regular file that the operator names, up to a limit of its length.
//!
//! Reading a pipe would block until another process writes, and reading a device might never end.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum RegularFileError {
    /// The system does not allow this user to read the file.
    Unreadable(io::Error),
    /// The path is a folder, a pipe, a device or another special file.
    NotRegular,
    /// The file is longer than the limit.
    TooLong,
}

/// Reads a regular file of at most `limit` bytes; a symbolic link is followed.
pub(crate) fn read_regular_file(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, RegularFileError> {
    // The file is checked before it is opened, because opening a pipe blocks until it has a writer.
    if !fs::metadata(path).map_err(RegularFileError::Unreadable)?.is_file() {
        return Err(RegularFileError::NotRegular);
    }
    let file = File::open(path).map_err(RegularFileError::Unreadable)?;
    let metadata = file.metadata().map_err(RegularFileError::Unreadable)?;
    if !metadata.is_file() {
        return Err(RegularFileError::NotRegular);
    }
    // The buffer does not grow, because growing would leave a copy of the content in memory.
    let expected = usize::try_from(metadata.len()).unwrap_or(limit).min(limit);
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected + 64));
    let length = file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(RegularFileError::Unreadable)?;
    if length > limit { Err(RegularFileError::TooLong) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{RegularFileError, read_regular_file};

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(**read_regular_file(&path, 5).unwrap(), *b"12345");
        assert!(matches!(read_regular_file(&path, 4), Err(RegularFileError::TooLong)));
        let absent = folder.path().join("absent");
        assert!(matches!(read_regular_file(&absent, 4), Err(RegularFileError::Unreadable(_))));
    }

    #[test]
    fn a_special_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&*pipe, folder.path(), "/dev/zero".as_ref()] {
            assert!(matches!(read_regular_file(path, 4), Err(RegularFileError::NotRegular)), "{}", path.display());
        }
    }

    #[test]
    fn a_link_to_a_file_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "1").unwrap();
        std::os::unix::fs::symlink("file", folder.path().join("link")).unwrap();
        assert_eq!(**read_regular_file(&folder.path().join("link"), 4).unwrap(), *b"1");
    }
}
