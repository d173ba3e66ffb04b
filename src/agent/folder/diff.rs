//! Which files are new or changed, and which have gone: from what was known and what is seen.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::listing::{FileFingerprint, FileStatus, FolderListing, RescanRequest};

/// The known files; without a stamp where the next look cannot tell by it.
pub(super) type Stamps<'a> = BTreeMap<&'a OsStr, Option<FileFingerprint>>;

/// What follows from a look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// New, changed, or not to be told from changed.
    pub to_read: Vec<OsString>,
    /// Known, and there no longer.
    pub gone: Vec<OsString>,
}

pub(super) fn changes(known: &Stamps<'_>, seen: &FolderListing, wanted: &RescanRequest) -> Changes {
    let mut changes = Changes::default();
    for (name, sight) in &seen.sights {
        let before = known.get(name.as_os_str());
        match sight {
            FileStatus::Nothing if before.is_some() => changes.gone.push(name.clone()),
            FileStatus::Nothing => {}
            FileStatus::File(stamp) if before == Some(&Some(*stamp)) && !wanted.changed.contains(name) => {}
            FileStatus::File(_) | FileStatus::Unclear => changes.to_read.push(name.clone()),
        }
    }
    if wanted.everything {
        let unseen = known.keys().filter(|name| !seen.sights.contains_key(**name));
        changes.gone.extend(unseen.map(|name| (*name).to_owned()));
    }
    changes
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::ffi::{OsStr, OsString};
    use std::fs;

    use super::{Changes, changes};
    use crate::agent::folder::listing::{FileFingerprint, FileStatus, FolderListing, RescanRequest, look};

    fn names(names: &[&str]) -> Vec<OsString> {
        names.iter().map(OsString::from).collect()
    }

    /// The stamps of the files that a look at everything has seen.
    fn known(seen: &FolderListing) -> BTreeMap<&OsStr, Option<FileFingerprint>> {
        let stamp = |sight: &FileStatus| if let FileStatus::File(stamp) = sight { Some(*stamp) } else { None };
        seen.sights.iter().map(|(name, sight)| (name.as_os_str(), stamp(sight))).collect()
    }

    #[test]
    fn what_is_new_changed_or_gone_is_told_from_the_rest_without_reading_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        for name in ["changed.json", "gone.json", "same.json", "swapped.json"] {
            write(name, "1");
        }
        let before = look(folder.path(), &RescanRequest::everything()).unwrap();
        write("changed.json", "22");
        write("new.json", "1");
        write("beside", "1");
        fs::rename(folder.path().join("beside"), folder.path().join("swapped.json")).unwrap();
        fs::remove_file(folder.path().join("gone.json")).unwrap();
        let seen = look(folder.path(), &RescanRequest::everything()).unwrap();
        let found = changes(&known(&before), &seen, &RescanRequest::everything());
        let to_read = names(&["changed.json", "new.json", "swapped.json"]);
        assert_eq!(found, Changes { to_read, gone: names(&["gone.json"]) });
    }

    #[test]
    fn what_is_said_to_have_changed_is_read_whatever_its_stamp_and_nothing_else_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["one.json", "other.json", "third.json"] {
            fs::write(folder.path().join(name), "1").unwrap();
        }
        let before = look(folder.path(), &RescanRequest::everything()).unwrap();
        fs::remove_file(folder.path().join("other.json")).unwrap();
        let changed = BTreeSet::from(["one.json".into(), "unknown.json".into()]);
        let wanted = RescanRequest { changed, due: BTreeSet::from(["third.json".into()]), ..RescanRequest::default() };
        let seen = look(folder.path(), &wanted).unwrap();
        assert_eq!(seen.sights.len(), 3);
        let found = changes(&known(&before), &seen, &wanted);
        assert_eq!(found, Changes { to_read: names(&["one.json"]), gone: Vec::new() });
    }

    #[test]
    fn what_tools_leave_while_they_work_is_no_definition_and_a_link_is_told_as_one() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".web.json.swp", "web.json~", "web.json.tmp", "#web.json#", ".hidden.json", ".json", "web.JSON"] {
            fs::write(folder.path().join(name), "1").unwrap();
        }
        fs::create_dir(folder.path().join("folder.json")).unwrap();
        let seen = look(folder.path(), &RescanRequest::everything()).unwrap();
        assert_eq!(
            (changes(&BTreeMap::new(), &seen, &RescanRequest::everything()), seen.has_links),
            Default::default()
        );
        std::os::unix::fs::symlink("nowhere", folder.path().join("web.json")).unwrap();
        let seen = look(folder.path(), &RescanRequest::everything()).unwrap();
        assert_eq!(
            (changes(&BTreeMap::new(), &seen, &RescanRequest::everything()), seen.has_links),
            (Changes::default(), true)
        );
    }
}
