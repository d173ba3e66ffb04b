//! What is in the folder, without reading it: names, and what tells one version of a file from
//! another.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is to be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RescanRequest {
    /// The whole folder.
    pub everything: bool,
    /// Something else in the folder has changed, which links may lead through.
    pub beside: bool,
    /// These have changed, whatever their stamps say.
    pub changed: BTreeSet<OsString>,
    /// These may have changed, and it is their time.
    pub due: BTreeSet<OsString>,
}

/// Tells one version of a file from another, as long as they are not of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileFingerprint {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What is seen of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileStatus {
    /// Nothing, or nothing that is meant: a folder, a link that leads nowhere.
    Nothing,
    /// A file.
    File(FileFingerprint),
    /// It cannot be told; reading it will say why.
    Unclear,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct FolderListing {
    pub sights: BTreeMap<OsString, FileStatus>,
    pub has_links: bool,
}

impl RescanRequest {
    pub(super) fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// A mounted `ConfigMap` changes by a link beside its files, which lead through it.
    pub(super) fn or_everything_of_links(mut self, has_links: bool) -> Self {
        self.everything |= self.beside && has_links;
        self
    }
}

impl FileFingerprint {
    pub(super) fn new(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the file was the same for so long. The disk's clock may be another than ours:
    /// a time that is yet to come is long ago.
    pub(super) fn is_older(&self, now: SystemTime, than: Duration) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let changed = u64::try_from(seconds).ok().zip(u32::try_from(nanoseconds).ok());
        let changed =
            changed.and_then(|(seconds, nanoseconds)| UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds)));
        changed.and_then(|changed| now.duration_since(changed).ok()).is_none_or(|age| age >= than)
    }
}

/// Whether a name is a definition's: `*.json` as a shell has it, so without hidden files,
/// which editors and tools leave while they work.
pub(super) fn is_definition(name: &OsStr) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json") && !name.as_bytes().starts_with(b".")
}

/// Looks at what is wanted. Waits for the disk.
///
/// # Errors
/// When the folder cannot be listed.
pub(super) fn look(folder: &Path, wanted: &RescanRequest) -> io::Result<FolderListing> {
    let mut seen = FolderListing::default();
    if wanted.everything {
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            if is_definition(&name) {
                seen.add(folder, &name);
            }
        }
    } else {
        wanted.changed.union(&wanted.due).for_each(|name| seen.add(folder, name));
    }
    Ok(seen)
}

impl FolderListing {
    fn add(&mut self, folder: &Path, name: &OsStr) {
        let path = folder.join(name);
        self.has_links |= fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink());
        let sight = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => FileStatus::Nothing,
            Ok(metadata) => FileStatus::File(FileFingerprint::new(&metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => FileStatus::Nothing,
            Err(_) => FileStatus::Unclear,
        };
        self.sights.insert(name.to_owned(), sight);
    }
}
