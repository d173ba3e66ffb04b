//! One answer: who gave it, with which status, and in which words.

use crate::answers::answer_source::AnswerSource;

/// An answer that is not a success.
///
/// The words may repeat what the registry received, so the caller removes the login from them first
/// ([`crate::credential`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who said the words.
    pub source: AnswerSource,
    /// The HTTP status of the answer, if it is known.
    pub status: Option<u16>,
    /// The error code of a registry's answer in lower case with spaces, such as `manifest unknown`.
    pub code: Option<String>,
    /// The words: a message, or a body that is not a registry's.
    pub text: String,
    /// The host that gave the answer, or that was to give one, if the words name it.
    pub host: Option<String>,
}

impl Answer {
    /// Reads the body of an HTTP response of a registry, its token service or its layer store.
    #[must_use]
    pub fn from_response(source: AnswerSource, status: u16, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body).trim().to_owned();
        Self { source, status: Some(status), code: None, text, host: None }
    }
}
