//! The files of the folder and their metadata, without reading any of them, compared with the
//! known files.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::{fs, io};

use super::file_read::FileFingerprint;

/// The files to check in one scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RescanRequest {
    /// Every file of the folder.
    pub everything: bool,
    /// Whether a name in the folder has changed that is not a definition. Links may lead through it.
    pub other_name_changed: bool,
    /// Files that have changed, even if their fingerprint is the same.
    pub changed: BTreeSet<OsString>,
    /// Files that are due according to the schedule and may have changed.
    pub due: BTreeSet<OsString>,
}

impl RescanRequest {
    pub(super) fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Extends the scan to every file if one of them may have changed through a link: a mounted
    /// `ConfigMap` changes by a link next to its files, which lead through it.
    pub(super) fn follow_links(mut self, has_links: bool) -> Self {
        self.everything |= self.other_name_changed && has_links;
        self
    }
}

/// What a name in the folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileStatus {
    /// Nothing, a folder, or a link that leads nowhere.
    Absent,
    /// A file, or another object that is not a folder.
    Present(FileFingerprint),
    /// Its metadata cannot be read; reading the file will report the error.
    Unreadable,
}

/// The files that a scan has checked.
#[derive(Debug, Default)]
pub(super) struct FolderListing {
    pub files: BTreeMap<OsString, FileStatus>,
    /// Whether one of the files is a symbolic link.
    pub has_links: bool,
}

impl FolderListing {
    /// Reads the metadata of the requested files. Blocks on the disk.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub(super) fn read(folder: &Path, request: &RescanRequest) -> io::Result<Self> {
        let mut listing = Self::default();
        if request.everything {
            for entry in fs::read_dir(folder)? {
                let name = entry?.file_name();
                if is_definition(&name) {
                    listing.add(folder, &name);
                }
            }
        } else {
            request.changed.union(&request.due).for_each(|name| listing.add(folder, name));
        }
        Ok(listing)
    }

    fn add(&mut self, folder: &Path, name: &OsStr) {
        let path = folder.join(name);
        self.has_links |= fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink());
        let status = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => FileStatus::Absent,
            Ok(metadata) => FileStatus::Present(FileFingerprint::new(&metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => FileStatus::Absent,
            Err(_) => FileStatus::Unreadable,
        };
        self.files.insert(name.to_owned(), status);
    }
}

/// Whether a name matches `*.json` as in a shell. This excludes hidden files, which editors and
/// other tools create temporarily.
pub(super) fn is_definition(name: &OsStr) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json") && !name.as_bytes().starts_with(b".")
}

/// The known files. A file has no fingerprint if its next version might have the same one.
pub(super) type KnownFingerprints<'a> = BTreeMap<&'a OsStr, Option<FileFingerprint>>;

/// The difference between the known files and a listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FolderChanges {
    /// Files that are new or may have changed.
    pub to_read: Vec<OsString>,
    /// Known files that do not exist any more.
    pub removed: Vec<OsString>,
}

impl FolderChanges {
    pub(super) fn new(known: &KnownFingerprints<'_>, listing: &FolderListing, request: &RescanRequest) -> Self {
        let mut changes = Self::default();
        for (name, status) in &listing.files {
            let known = known.get(name.as_os_str());
            match status {
                FileStatus::Absent if known.is_some() => changes.removed.push(name.clone()),
                FileStatus::Absent => {}
                FileStatus::Present(fingerprint)
                    if known == Some(&Some(*fingerprint)) && !request.changed.contains(name) => {}
                FileStatus::Present(_) | FileStatus::Unreadable => changes.to_read.push(name.clone()),
            }
        }
        if request.everything {
            let missing = known.keys().filter(|name| !listing.files.contains_key(**name));
            changes.removed.extend(missing.map(|name| (*name).to_owned()));
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::ffi::OsString;
    use std::fs;
    use std::path::Path;

    use super::{FolderChanges, KnownFingerprints};
    use crate::agent::prefetch::folder::listing::{FileStatus, FolderListing, RescanRequest};

    fn names(names: &[&str]) -> Vec<OsString> {
        names.iter().map(OsString::from).collect()
    }

    fn list_everything(folder: &Path) -> FolderListing {
        FolderListing::read(folder, &RescanRequest::everything()).unwrap()
    }

    fn fingerprints(listing: &FolderListing) -> KnownFingerprints<'_> {
        let fingerprint = |status: &FileStatus| match status {
            FileStatus::Present(fingerprint) => Some(*fingerprint),
            _ => None,
        };
        listing.files.iter().map(|(name, status)| (name.as_os_str(), fingerprint(status))).collect()
    }

    #[test]
    fn new_changed_replaced_and_removed_files_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        for name in ["changed.json", "removed.json", "same.json", "replaced.json"] {
            write(name, "1");
        }
        let before = list_everything(folder.path());
        write("changed.json", "22");
        write("new.json", "1");
        write("replacement", "1");
        fs::rename(folder.path().join("replacement"), folder.path().join("replaced.json")).unwrap();
        fs::remove_file(folder.path().join("removed.json")).unwrap();
        let after = list_everything(folder.path());
        let changes = FolderChanges::new(&fingerprints(&before), &after, &RescanRequest::everything());
        let to_read = names(&["changed.json", "new.json", "replaced.json"]);
        assert_eq!(changes, FolderChanges { to_read, removed: names(&["removed.json"]) });
    }

    #[test]
    fn inotify_event_forces_a_read_and_other_files_are_not_checked() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["one.json", "other.json", "third.json"] {
            fs::write(folder.path().join(name), "1").unwrap();
        }
        let before = list_everything(folder.path());
        fs::remove_file(folder.path().join("other.json")).unwrap();
        let changed = BTreeSet::from(["one.json".into(), "unknown.json".into()]);
        let request = RescanRequest { changed, due: BTreeSet::from(["third.json".into()]), ..RescanRequest::default() };
        let listing = FolderListing::read(folder.path(), &request).unwrap();
        assert_eq!(listing.files.len(), 3);
        let result = FolderChanges::new(&fingerprints(&before), &listing, &request);
        assert_eq!(result, FolderChanges { to_read: names(&["one.json"]), removed: Vec::new() });
    }

    #[test]
    fn temporary_files_of_tools_are_ignored() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".web.json.swp", "web.json~", "web.json.tmp", "#web.json#", ".hidden.json", ".json", "web.JSON"] {
            fs::write(folder.path().join(name), "1").unwrap();
        }
        fs::create_dir(folder.path().join("folder.json")).unwrap();
        let listing = list_everything(folder.path());
        let changes = FolderChanges::new(&BTreeMap::new(), &listing, &RescanRequest::everything());
        assert_eq!((changes, listing.has_links), (FolderChanges::default(), false));
    }

    #[test]
    fn dangling_link_is_reported_as_a_link_and_not_read() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("web.json")).unwrap();
        let listing = list_everything(folder.path());
        let changes = FolderChanges::new(&BTreeMap::new(), &listing, &RescanRequest::everything());
        assert_eq!((changes, listing.has_links), (FolderChanges::default(), true));
    }
}
