//! Secret text: wrapped where it enters the process, wiped when it is dropped.
//!
//! This is the only file that takes the wrapping off. Few places may ask for it
//! (`clippy.toml` holds everyone else to that): the parsers of a secret's content and of
//! the host's own logins, the encoder of the engine's auth header and of a registry's, the
//! search for a login in the engine's words, the headers for a collector of traces, and the
//! calls that have KMS encrypt a text or Secrets Manager store one. `Debug` says that something is there and nothing else; there
//! is no `Display`, no `Serialize` and no `PartialEq`.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A password, a token, or the text of a whole secret.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a text. It is copied into a buffer of its exact length, and the old one is
    /// wiped: shrinking a `String` with room to spare would leave its contents behind.
    #[must_use]
    pub fn new(text: String) -> Self {
        let text = Zeroizing::new(text);
        Self(SecretString::new(text.as_str().into()))
    }

    /// The text itself, to be used and forgotten within one expression.
    #[must_use]
    pub fn expose(&self) -> &str {
        #[expect(clippy::disallowed_methods, reason = "the one place that takes the wrapping off")]
        self.0.expose_secret()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        #[expect(clippy::disallowed_methods, reason = "tells one bit, not the text")]
        self.0.expose_secret().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// Bytes that are as secret: a binary secret, or what KMS decrypted.
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Wraps bytes. The `Vec` moves in.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves, to be used and forgotten within one expression.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes([redacted])")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, SecretBytes};

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", SecretBytes::new(b"hunter2".to_vec())), "SecretBytes([redacted])");
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret([redacted]) Secret([redacted])");
    }
}
