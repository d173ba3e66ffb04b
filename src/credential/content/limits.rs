//! The limits of AWS for the content of a secret.

/// The longest value that Secrets Manager stores, in bytes (C6).
pub(crate) const VALUE_LIMIT: usize = 65_536;

/// The longest ciphertext that KMS decrypts, in bytes (`Decrypt`, API reference).
pub(super) const CIPHERTEXT_LIMIT: usize = 6_144;
