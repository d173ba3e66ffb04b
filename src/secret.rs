//! Secret values: wrapped where they enter the process, zeroized when they are dropped.
//!
//! Only this file exposes a value, and only few places may call it, which `clippy.toml` enforces:
//! the parsers of a secret's content and of the host's own logins, the encoders of the engine's and
//! the registries' authorization headers, the search for a login in the messages of engines and
//! registries, the headers for a trace collector, and the requests to KMS and Secrets Manager that
//! encrypt or store a text. `Debug` prints a placeholder. There is no `Display`, `Serialize` or `PartialEq`.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A password, a token, or the text of a whole secret.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a text. The text is copied into a buffer of its exact length and the old buffer is
    /// zeroized, because shrinking a `String` can leave a copy of its content in memory.
    #[must_use]
    pub fn new(text: String) -> Self {
        let text = Zeroizing::new(text);
        Self(SecretString::new(text.as_str().into()))
    }

    /// The text. Use it within one expression and do not store it.
    #[must_use]
    pub fn expose(&self) -> &str {
        #[expect(clippy::disallowed_methods, reason = "the only place that exposes the text")]
        self.0.expose_secret()
    }

    /// Whether the text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        #[expect(clippy::disallowed_methods, reason = "reveals one bit, not the text")]
        self.0.expose_secret().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// Secret bytes: a binary secret, or the plaintext from KMS.
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Wraps bytes without copying them.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes. Use them within one expression and do not store them.
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
    fn debug_output_does_not_show_the_value() {
        assert_eq!(format!("{:?}", SecretBytes::new(b"hunter2".to_vec())), "SecretBytes([redacted])");
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret([redacted]) Secret([redacted])");
    }
}
