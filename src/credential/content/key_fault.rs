//! What is wrong with the value of one key.

/// A fault of one key that a format requires. The key is one of the format's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The object does not have the key, or its value is `null`.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// The value is the empty string.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// The value is a number, an object or another JSON value.
    #[error("`{0}` is not a string")]
    NotAString(&'static str),
    /// The key occurs twice, perhaps in two spellings.
    #[error("`{0}` occurs twice")]
    Duplicate(&'static str),
}
