//! The error of a request to a registry or its token service.

use std::io;

use http_body_util::LengthLimitError;

/// Why a request to a registry or its token service failed. Nothing of the response is in it but
/// the status, because a response may repeat a login.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no connection.
    #[error("the server cannot be reached")]
    Unreachable(#[source] io::Error),
    /// The connection ended before the response did.
    #[error("the connection was lost")]
    ConnectionLost,
    /// The response is longer than any valid one.
    #[error("the response is too long")]
    ResponseTooLong(#[source] LengthLimitError),
    /// The response has a different status than expected.
    #[error("the server answered HTTP {0}")]
    Status(u16),
    /// The registry requires a kind of authentication that taskpull does not support.
    #[error("the registry requires a kind of authentication that taskpull does not support")]
    UnsupportedChallenge,
    /// The registry requires credentials and there are none, or not of the required kind.
    #[error("the registry requires credentials, and none are configured")]
    NoCredentials,
    /// The name of the image cannot be part of a URL.
    #[error("the name of the image cannot be part of a URL")]
    Uri,
    /// The content of the response is invalid.
    #[error("the response cannot be used: {0}")]
    InvalidResponse(&'static str),
}
