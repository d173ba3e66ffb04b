//! Why a registry could not be asked from here.

use std::io;

use http_body_util::LengthLimitError;

/// Nothing in it comes from the registry but a status: an answer may repeat a login.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No connection.
    #[error("it cannot be reached")]
    Unreachable(#[source] io::Error),
    /// The connection ended too early.
    #[error("the connection broke")]
    Broken,
    /// An answer longer than any to this question.
    #[error("its answer is too long")]
    TooLong(#[source] LengthLimitError),
    /// Another answer than the one that was asked for.
    #[error("it answered {0}")]
    Status(u16),
    /// It wants a login and does not say how it wants it.
    #[error("it wants a login in a way that is not known here")]
    Challenge,
    /// It wants a login and there is none, or none of that kind.
    #[error("it wants a login that there is not")]
    NoLogin,
    /// The answer cannot be read.
    #[error("its answer cannot be used: {0}")]
    Garbled(&'static str),
}
