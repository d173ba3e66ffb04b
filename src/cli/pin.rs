//! Where pinned definitions go: stdout, a file, a folder. Files are written beside their
//! places and renamed when all of them are whole.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::input::STDIN;
use crate::pipeline::Input;

/// The place that is no file.
pub(super) const STDOUT: &str = "-";

/// Where each definition goes, in order of the inputs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PinDestinations {
    Stdout,
    Files {
        /// Made when it is not there.
        folder: Option<PathBuf>,
        /// Where each definition was read, and where it goes.
        files: Vec<(PathBuf, PathBuf)>,
    },
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}", path = .path.display())]
pub(super) struct PinError {
    path: PathBuf,
    source: io::Error,
}

impl PinDestinations {
    /// The places of these inputs, or what is wrong with `to`; nothing is written yet.
    /// `named` is what the command line names, `inputs` what was found there.
    pub(super) fn new(to: &Path, named: &[PathBuf], inputs: &[Input]) -> Result<Self, String> {
        if to == Path::new(STDOUT) {
            return Ok(Self::Stdout);
        }
        let place = |input: &Input| {
            let from = PathBuf::from(&input.source);
            let name = from.file_name().filter(|_| from != Path::new(STDIN)).map(OsStr::to_owned);
            let name = name.ok_or("what is read from stdin has no name: give it a file of its own")?;
            Ok::<_, String>((from, to.join(name)))
        };
        if let ([named], [input]) = (named, inputs)
            && !named.is_dir()
            && !to.is_dir()
        {
            return Ok(Self::Files { folder: None, files: vec![(input.source.clone().into(), to.to_owned())] });
        }
        if to.exists() && !to.is_dir() {
            return Err(format!("{} is no folder, and there are several definitions", to.display()));
        }
        let files: Vec<_> = inputs.iter().map(place).collect::<Result<_, _>>()?;
        let mut places = HashSet::new();
        match files.iter().find(|(_, to)| !places.insert(to)) {
            Some((_, twice)) => Err(format!("two definitions would be {}", twice.display())),
            None => Ok(Self::Files { folder: Some(to.to_owned()), files }),
        }
    }

    /// Writes the definitions to their files.
    pub(super) fn write(&self, texts: &[Vec<u8>]) -> Result<(), PinError> {
        let Self::Files { folder, files } = self else { return Ok(()) };
        if let Some(folder) = folder {
            fs::create_dir_all(folder).map_err(|source| PinError { path: folder.clone(), source })?;
        }
        let mut parts = Parts(Vec::new());
        for ((from, to), text) in files.iter().zip(texts) {
            parts.write(from, to, text).map_err(|source| PinError { path: to.clone(), source })?;
        }
        // One that does not get to its place goes, and so do those after it.
        while let Some((part, to)) = parts.0.first() {
            fs::rename(part, to).map_err(|source| PinError { path: to.clone(), source })?;
            parts.0.remove(0);
        }
        Ok(())
    }
}

/// Files that are whole, or are becoming it, and their places. Those that never get there go.
struct Parts(Vec<(PathBuf, PathBuf)>);

impl Parts {
    fn write(&mut self, from: &Path, to: &Path, text: &[u8]) -> io::Result<()> {
        // A link stays one, and what it leads to is replaced.
        let to = to.canonicalize().unwrap_or_else(|_| to.to_owned());
        // Both are seen before anything is renamed: it is all of them or none.
        if to.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if self.0.iter().any(|(_, other)| *other == to) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "two definitions would be this file"));
        }
        let (mut file, part) = begin(&to)?;
        self.0.push((part, to.clone()));
        if let Ok(known) = fs::metadata(&to).or_else(|_| fs::metadata(from)) {
            file.set_permissions(known.permissions())?;
        }
        file.write_all(text)?;
        file.sync_all()
    }
}

/// A new file beside this one. In a container each process may have the number of the one
/// before it, and that one may have left its part behind when it was killed.
fn begin(to: &Path) -> io::Result<(File, PathBuf)> {
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..100 {
        let mut name = OsStr::new(".").to_owned();
        name.push(to.file_name().unwrap_or_default());
        name.push(format!(".{}-{number}.part", std::process::id()));
        let part = to.with_file_name(name);
        // A definition may hold passwords in its `environment`: nobody sees more of the new
        // file than of the one before it.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part) {
            Ok(file) => return Ok((file, part)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

impl Drop for Parts {
    fn drop(&mut self) {
        for (part, _) in &self.0 {
            // Nothing to be done when that fails too.
            let _ = fs::remove_file(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, PathBuf, PinDestinations, begin, fs};

    fn write(folder: &Path, names: &[&str]) -> bool {
        let files = names.iter().map(|name| (PathBuf::from("-"), folder.join(name))).collect();
        let texts: Vec<_> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        PinDestinations::Files { folder: None, files }.write(&texts).is_ok()
    }

    #[test]
    fn two_links_to_one_file_are_not_written_over_each_other() {
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
    fn a_part_that_a_killed_process_has_left_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("file");
        let (_, left) = begin(&to).unwrap();
        assert!(write(folder.path(), &["file"]));
        assert_eq!((fs::read_to_string(to).unwrap(), left.exists()), ("file".to_owned(), true));
    }
}
