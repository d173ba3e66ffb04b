//! One message of an error response.

use std::fmt;

/// One message of a response, written as engines write it: `denied: the message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ErrorMessage {
    /// The code as the registry writes it (`NAME_UNKNOWN`); empty if there is none.
    code: String,
    /// The message; may be empty.
    message: String,
}

impl ErrorMessage {
    pub(super) fn new(code: &str, message: &str) -> Self {
        Self { code: code.trim().to_owned(), message: message.trim().to_owned() }
    }

    /// The code as engines write it: in lower case, with spaces.
    pub(super) fn engine_code(&self) -> String {
        self.code.to_lowercase().replace('_', " ")
    }

    /// Whether there is neither a code nor a message.
    pub(super) fn is_empty(&self) -> bool {
        self.code.is_empty() && self.message.is_empty()
    }
}

impl fmt::Display for ErrorMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.engine_code(), &*self.message) {
            ("", message) => f.write_str(message),
            (code, "") => f.write_str(code),
            (code, message) => write!(f, "{code}: {message}"),
        }
    }
}
