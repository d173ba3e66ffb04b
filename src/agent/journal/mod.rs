//! Stores jobs on disk, so that an accepted job survives a crash and the result of an ended job
//! stays available.
//!
//! - Each job has one file, `requests/<id>.json` in the state folder. It is always replaced as a
//!   whole: written under another name, synced and renamed, then the folder is synced.
//! - The cancellation of an open job is an empty file, `<id>.cancelled`. It is a file of its own
//!   because a job can be cancelled while its result is being written, and no file may have two
//!   writers.
//! - A file that is not a valid record of this agent is renamed to `<id>.broken` at the start.
//!
//! Invariant: a record that was acknowledged is complete on disk. No file contains a secret: of a
//! definition, only the keys that affect its pulls are stored.

#[expect(clippy::module_inception, reason = "the file has the name of its type")]
mod journal;
mod loaded_journal;

pub use journal::{Journal, JournalError};
pub use loaded_journal::{BrokenFile, EndRecord, JournalRecord, LoadedJournal};

#[cfg(test)]
mod tests;
