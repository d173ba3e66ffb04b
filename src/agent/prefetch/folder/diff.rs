//! Compares the known files with a listing.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::file_fingerprint::FileFingerprint;
use super::listing::{FileStatus, FolderListing};
use super::rescan_request::RescanRequest;

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
    use crate::agent::prefetch::folder::listing::{FileStatus, FolderListing};
    use crate::agent::prefetch::folder::rescan_request::RescanRequest;

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
        let changes = FolderChanges::new(&fingerprints(&before), &listing, &request);
        assert_eq!(changes, FolderChanges { to_read: names(&["one.json"]), removed: Vec::new() });
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
