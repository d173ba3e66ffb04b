//! Which files of the folder to check.

use std::collections::BTreeSet;
use std::ffi::OsString;

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
