//! The audit log in a file that is only appended to.
//!
//! Invariant: a line that a full disk cut short stays on a separate line; the next line starts
//! after a line end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// An open audit file.
#[derive(Debug)]
pub(super) struct AuditFile {
    path: PathBuf,
    file: File,
    /// The file ends with a part of a line.
    is_torn: bool,
}

impl AuditFile {
    /// Opens the file, or creates it with access for the agent's user only. The folder must
    /// exist.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Opening a pipe would block until another process reads from it.
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("not a regular file"));
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self { path: path.to_owned(), file, is_torn: false })
    }

    /// Opens the path again, after log rotation has moved the file.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        *self = Self::open(&self.path)?;
        Ok(())
    }

    /// Appends a line, which must have no line end.
    pub(super) fn write(&mut self, line: &str) -> io::Result<()> {
        let text = format!("{}{line}\n", if self.is_torn { "\n" } else { "" });
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    // The first byte may be the line end of an earlier torn line.
                    self.is_torn = match text.len() - rest.len() {
                        0 => self.is_torn,
                        written => written > usize::from(self.is_torn),
                    };
                    return Err(error);
                }
            }
        }
        self.is_torn = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::AuditFile;

    #[test]
    fn a_moved_file_is_written_to_until_reopened() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("audit"), folder.path().join("audit.1"));
        let mut file = AuditFile::open(&path).unwrap();
        file.write("one").unwrap();
        fs::rename(&path, &moved).unwrap();
        file.write("two").unwrap();
        file.reopen().unwrap();
        file.write("three").unwrap();
        assert_eq!(fs::read_to_string(&moved).unwrap(), "one\ntwo\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_torn_line_stays_on_a_line_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let mut file = AuditFile::open(&path).unwrap();
        fs::write(&path, "{\"half").unwrap();
        file.is_torn = true;
        file.write("whole").unwrap();
        file.write("next").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"half\nwhole\nnext\n");
    }

    #[test]
    fn only_a_regular_file_is_opened() {
        let error = AuditFile::open(std::path::Path::new("/dev/full")).unwrap_err().to_string();
        assert_eq!(error, "not a regular file");
    }
}
