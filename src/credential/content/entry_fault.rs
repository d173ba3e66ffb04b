//! Why an entry of Docker's `auths` is not a login.

/// The keys that Docker writes, or has written, into an entry.
pub(super) const ENTRY_KEYS: [&str; 7] =
    ["auth", "username", "password", "email", "serveraddress", "identitytoken", "registrytoken"];

/// Why an entry of Docker's `auths` is not a login. It never repeats a value or an unknown key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// It is a string, a number or another JSON value.
    #[error("it is not an object")]
    NotAnObject,
    /// It has a key that Docker does not write.
    #[error("it has a key other than {}", ENTRY_KEYS.map(|key| format!("`{key}`")).join(", "))]
    UnknownKey,
    /// A key occurs twice, perhaps in two spellings.
    #[error("`{0}` occurs twice")]
    DuplicateKey(&'static str),
    /// The value of a key is a number, an object or another JSON value.
    #[error("`{0}` is not a string")]
    NotAString(&'static str),
    /// It has a `registrytoken`.
    #[error("it has a `registrytoken`, which is valid for one request only")]
    RegistryToken,
    /// `auth` cannot be decoded.
    #[error("`auth` is not the base64 of a text")]
    NotBase64,
    /// `auth` decodes to a text without a colon.
    #[error("`auth` is not the base64 of `user:password`: it has no colon")]
    NoColon,
    /// It has only a user name, or only a password.
    #[error("it has a user name without a password, or a password without a user name")]
    IncompleteLogin,
    /// `auth` differs from `username` and `password`.
    #[error("`auth` and `username`/`password` are not the same login")]
    ConflictingLogins,
}
