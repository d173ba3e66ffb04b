//! The secret to search for, and what a search returns.

use std::fmt;
use std::path::Path;

use super::super::run::RunOutput;
use super::files::Folder;
use super::forms::{self, Form};
use super::search::Search;

/// A place where a canary was found. It does not contain the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub canary: String,
    pub place: String,
    /// Offset in bytes from the start of the place.
    pub offset: u64,
    pub form: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { canary, place, offset, form } = self;
        write!(f, "{canary} ({form}) in {place} at byte {offset}")
    }
}

/// The result of a scan.
#[derive(Debug, Default)]
pub struct Scan {
    pub findings: Vec<Finding>,
    /// Number of files and links that were read, to their end or to the limit.
    pub places: usize,
    /// Files that were not read, or only in part, with the reason.
    pub skipped: Vec<String>,
}

/// A secret that a test plants in order to search for it.
pub struct Canary {
    name: String,
    search: Search,
    forms: Vec<Form>,
}

impl Canary {
    /// Panics for a secret of fewer than 12 bytes, which would match by chance.
    pub fn new(name: &str, secret: &str) -> Self {
        assert!(secret.len() >= 12, "`{name}` is too short to be looked for");
        let forms = forms::all_forms(secret);
        let search = Search::new(forms.iter().map(|form| form.bytes.clone()).collect());
        Self { name: name.to_owned(), search, forms }
    }

    /// Searches bytes; `place` names them in the findings.
    pub fn find_in_bytes(&self, place: &str, bytes: &[u8]) -> Vec<Finding> {
        self.find(place, 0, bytes)
    }

    /// Asserts that neither output of a run contains the secret.
    pub fn assert_absent(&self, output: &RunOutput) {
        assert_eq!(self.find_in_bytes("stdout", output.stdout.as_bytes()), []);
        assert_eq!(self.find_in_bytes("stderr", output.stderr.as_bytes()), []);
    }

    /// Scans a file, or a virtual one such as `/proc/<pid>/environ`.
    pub fn scan_file(&self, path: &Path) -> Scan {
        let mut scan = Scan::default();
        Folder::new(path).read_into(self, path, &mut scan);
        scan
    }

    /// Scans the names and contents of all entries of a folder.
    pub fn scan_folder(&self, folder: &Folder) -> Scan {
        let mut scan = Scan::default();
        folder.walk(self, &mut scan);
        scan
    }

    /// The length of the longest form in bytes.
    pub(super) fn longest_form(&self) -> usize {
        self.forms.iter().map(|form| form.bytes.len()).max().unwrap_or_default()
    }

    pub(super) fn find(&self, place: &str, start: u64, bytes: &[u8]) -> Vec<Finding> {
        let found = self.search.hits(bytes).into_iter().map(|(offset, index)| Finding {
            canary: self.name.clone(),
            place: place.to_owned(),
            offset: start + offset as u64,
            form: self.forms[index].name,
        });
        found.collect()
    }
}

impl fmt::Debug for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canary").field("name", &self.name).finish_non_exhaustive()
    }
}
