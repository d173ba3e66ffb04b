//! What the desk can have to say against a wish.

use super::job::JobId;
use super::journal_error::JournalError;

/// Why the desk does not do what is wished.
#[derive(Debug, thiserror::Error)]
pub enum JobStoreError {
    /// As many requests are open as there is room for.
    #[error("{open} requests are open, and no more are accepted before some of them end")]
    Full {
        /// How many.
        open: usize,
    },
    /// Their definitions are as long together as there is room for.
    #[error(
        "{open} requests are open with {bytes} bytes of definitions, and no more are accepted before some of them end"
    )]
    Heavy {
        /// How many requests.
        open: usize,
        /// How many bytes.
        bytes: usize,
    },
    /// It could not be kept, and so was not accepted.
    #[error("the request could not be kept, and was not accepted")]
    Journal(#[from] JournalError),
    /// Something in this program went wrong meanwhile.
    #[error("what was asked for was not done: {0}")]
    Lost(String),
    /// Its sender has used its key for another definition.
    #[error("the key was used before, for another definition: request {id}")]
    KeyUsed {
        /// That one.
        id: JobId,
    },
    /// There is no such request.
    #[error("there is no request {id}, or it ended long ago")]
    Unknown {
        /// As it was asked for.
        id: String,
    },
    /// It has ended already.
    #[error("request {id} has ended")]
    Ended {
        /// Which one.
        id: JobId,
    },
}
