//! The files of the folder and their metadata, without reading any of them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::file_fingerprint::FileFingerprint;
use super::rescan_request::RescanRequest;

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
