//! The audit trail in a file.
//!
//! It is only ever appended to. Where the disk took a part of a line, the next one begins on
//! a line of its own, so that what is torn stays one line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A file that is open.
#[derive(Debug)]
pub(super) struct Trail {
    path: PathBuf,
    file: File,
    is_torn: bool,
}

impl Trail {
    /// Opens it, or makes it for its user alone. The folder must be there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // A pipe would hold this up until somebody reads from it.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other("it is not a regular file"));
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self { path: path.to_owned(), file, is_torn: false })
    }

    /// Opens the path anew, after somebody has moved the file away.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        *self = Self::open(&self.path)?;
        Ok(())
    }

    /// Writes one line.
    pub(super) fn write(&mut self, line: &str) -> io::Result<()> {
        let text = format!("{}{line}\n", if self.is_torn { "\n" } else { "" });
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    // The first byte may be the line feed that ends an older piece.
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

    use super::Trail;

    #[test]
    fn what_is_moved_away_is_written_to_until_it_is_opened_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("audit"), folder.path().join("audit.1"));
        let mut trail = Trail::open(&path).unwrap();
        trail.write("one").unwrap();
        fs::rename(&path, &moved).unwrap();
        trail.write("two").unwrap();
        trail.reopen().unwrap();
        trail.write("three").unwrap();
        assert_eq!(fs::read_to_string(&moved).unwrap(), "one\ntwo\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_line_that_was_torn_stays_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let mut trail = Trail::open(&path).unwrap();
        fs::write(&path, "{\"half").unwrap();
        trail.is_torn = true;
        trail.write("whole").unwrap();
        trail.write("next").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"half\nwhole\nnext\n");
    }

    #[test]
    fn a_pipe_is_no_trail() {
        let said = Trail::open(std::path::Path::new("/dev/full")).unwrap_err().to_string();
        assert_eq!(said, "it is not a regular file");
    }
}
