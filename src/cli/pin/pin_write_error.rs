//! Why a pinned definition could not be written.

use std::io;
use std::path::PathBuf;

/// Why a pinned definition could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}", path = .path.display())]
pub(in crate::cli) struct PinWriteError {
    pub path: PathBuf,
    pub source: io::Error,
}
