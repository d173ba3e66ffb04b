//! Why the job store rejects a submission, a query or a cancellation.

use crate::agent::job_id::JobId;
use crate::agent::journal::JournalError;

/// Why the job store did not do what it was asked to do.
#[derive(Debug, thiserror::Error)]
pub enum JobStoreError {
    /// `agent.open_requests` requests are open.
    #[error("{open} requests are open, which is the limit; submit again when some of them have ended")]
    Full {
        /// The number of open requests.
        open: usize,
    },
    /// The definitions of the open requests use all the memory that they may.
    #[error(
        "the definitions of the {open} open requests have {bytes} bytes, and this one would exceed the limit; submit again when some of them have ended"
    )]
    MemoryLimit {
        /// The number of open requests.
        open: usize,
        /// The length of their definitions, in bytes.
        bytes: usize,
    },
    /// The request could not be written to disk.
    #[error("the request could not be stored and was not accepted")]
    Journal(#[from] JournalError),
    /// A task of the agent failed.
    #[error("an internal task failed: {0}")]
    Internal(String),
    /// The caller has used the idempotency key for another definition.
    #[error("the idempotency key was already used for another definition, in request {id}")]
    KeyUsed {
        /// The request with that key.
        id: JobId,
    },
    /// No request has this id.
    #[error("there is no request {id}, or it ended and was removed from the history")]
    NotFound {
        /// The id as the caller wrote it.
        id: String,
    },
    /// The request has ended, so it cannot be cancelled.
    #[error("request {id} has already ended")]
    AlreadyEnded {
        /// The id of the request.
        id: JobId,
    },
}
