//! The search for a secret where it must not be.
//!
//! A [`Canary`] is a secret that some test plants. It is looked for as it is and
//! in the forms it takes on its way: encoded, escaped, printed as bytes. What is
//! found is told by place and form; the secret itself is never printed.

mod files;
mod forms;
mod search;

use std::fmt;
use std::path::Path;

pub use self::files::Folder;
use self::forms::Form;
use self::search::Search;

/// Where a canary was found. Says nothing of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub canary: String,
    pub place: String,
    /// In bytes from the place's start.
    pub offset: u64,
    pub form: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { canary, place, offset, form } = self;
        write!(f, "{canary} ({form}) in {place} at byte {offset}")
    }
}

/// What a search came to.
#[derive(Debug, Default)]
pub struct Scan {
    pub findings: Vec<Finding>,
    /// How many files, or other places, were read to their end or to the limit.
    pub places: usize,
    /// What could not be read or only in part, and why.
    pub skipped: Vec<String>,
}

/// A planted secret.
pub struct Canary {
    name: String,
    search: Search,
    forms: Vec<Form>,
}

impl Canary {
    /// Of at least 12 bytes: a shorter text turns up by chance.
    pub fn new(name: &str, secret: &str) -> Self {
        assert!(secret.len() >= 12, "`{name}` is too short to be looked for");
        let forms = forms::of(secret);
        let search = Search::new(forms.iter().map(|form| form.bytes.clone()).collect());
        Self { name: name.to_owned(), search, forms }
    }

    pub fn find_in_bytes(&self, place: &str, bytes: &[u8]) -> Vec<Finding> {
        self.at(place, 0, bytes)
    }

    /// A file, or what reads like one: `/proc/<pid>/environ`.
    pub fn scan_file(&self, path: &Path) -> Scan {
        let mut scan = Scan::default();
        Folder::new(path).read_into(self, path, &mut scan);
        scan
    }

    /// Names and contents of everything in a folder.
    pub fn scan_folder(&self, folder: &Folder) -> Scan {
        let mut scan = Scan::default();
        folder.walk(self, &mut scan);
        scan
    }

    /// The length of the longest form.
    fn longest(&self) -> usize {
        self.forms.iter().map(|form| form.bytes.len()).max().unwrap_or_default()
    }

    fn at(&self, place: &str, start: u64, bytes: &[u8]) -> Vec<Finding> {
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
