//! Files and folders, read in pieces.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::canary::{Canary, Scan};

const PIECE: usize = 1 << 20;

/// A folder to scan, with the paths to leave out.
pub struct Folder {
    root: PathBuf,
    except: Vec<PathBuf>,
    limit: u64,
}

impl Folder {
    /// Scans the whole folder, and the first 256 MiB of each file.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), except: Vec::new(), limit: 256 << 20 }
    }

    /// Leaves out this file or folder, given relative to the root.
    pub fn except(mut self, path: impl AsRef<Path>) -> Self {
        self.except.push(self.root.join(path));
        self
    }

    /// Reads only this number of bytes of each file, and reports longer files as skipped.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Does not follow symbolic links but searches their targets as text. Of sockets, pipes and
    /// devices only the names are searched.
    pub(super) fn walk(&self, canary: &Canary, scan: &mut Scan) {
        let mut waiting = vec![self.root.clone()];
        while let Some(path) = waiting.pop() {
            if self.except.contains(&path) {
                continue;
            }
            if let Some(name) = path.file_name().filter(|_| path != self.root) {
                let place = format!("the name of an entry of {}", self.root.display());
                scan.findings.extend(canary.find(&place, 0, name.as_encoded_bytes()));
            }
            match self.open(&path, canary, scan) {
                Ok(entries) => waiting.extend(entries),
                Err(error) => scan.skipped.push(format!("{}: {error}", shown(&path, canary))),
            }
        }
    }

    /// Reads a file or link; returns the entries of a folder.
    fn open(&self, path: &Path, canary: &Canary, scan: &mut Scan) -> io::Result<Vec<PathBuf>> {
        let kind = fs::symlink_metadata(path)?.file_type();
        if kind.is_dir() {
            return fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect();
        }
        if kind.is_symlink() {
            let target = fs::read_link(path)?;
            let place = shown(path, canary);
            scan.findings.extend(canary.find(&place, 0, target.as_os_str().as_encoded_bytes()));
            scan.places += 1;
        } else if kind.is_file() {
            self.read_into(canary, path, scan);
        }
        Ok(Vec::new())
    }

    /// Reads one file in pieces that overlap by the length of the longest form.
    pub(super) fn read_into(&self, canary: &Canary, path: &Path, scan: &mut Scan) {
        let place = shown(path, canary);
        match self.search(canary, path, &place, scan) {
            Ok(true) => scan.places += 1,
            Ok(false) => {
                scan.places += 1;
                scan.skipped.push(format!("{place}: longer than {} bytes", self.limit));
            }
            Err(error) => scan.skipped.push(format!("{place}: {error}")),
        }
    }

    /// False if the file is longer than the limit.
    fn search(&self, canary: &Canary, path: &Path, place: &str, scan: &mut Scan) -> io::Result<bool> {
        let overlap = canary.longest_form() - 1;
        let mut file = File::open(path)?;
        let mut window = Vec::new();
        let mut start = 0;
        loop {
            let left = self.limit - start - window.len() as u64;
            let read = file.by_ref().take(left.min(PIECE as u64)).read_to_end(&mut window)?;
            let ended = read == 0;
            // A match in the overlap is found again in the next piece, if there is one.
            let fresh = if ended { 0 } else { window.len().saturating_sub(overlap) };
            let until = start + fresh as u64;
            let found = canary.find(place, start, &window);
            scan.findings.extend(found.into_iter().filter(|finding| ended || finding.offset < until));
            if ended {
                return Ok(left > 0 || file.read(&mut [0])? == 0);
            }
            window.drain(..fresh);
            start = until;
        }
    }
}

/// The path as shown to a reader, unless it contains the secret.
fn shown(path: &Path, canary: &Canary) -> String {
    let text = path.display().to_string();
    if canary.find("", 0, text.as_bytes()).is_empty() {
        return text;
    }
    "a path that holds the secret itself".to_owned()
}
