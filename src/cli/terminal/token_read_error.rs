//! Why no token could be read.

use std::io;

/// Why no token could be read from stdin.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum TokenReadError {
    /// The system could not read stdin.
    #[error("cannot read stdin: {0}")]
    Unreadable(#[from] io::Error),
    /// The user pressed Ctrl-C at the prompt.
    #[error("interrupted at the prompt")]
    Interrupted,
}

impl From<rustix::io::Errno> for TokenReadError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Unreadable(error.into())
    }
}
