//! Distinguishes plain text from sealed content.

use std::collections::BTreeMap;

use super::content_error::ContentError;
use super::content_fault::{CIPHERTEXT_LIMIT, ContentFault};
use super::{binary_form, envelope, forms::require_one_form, json, object_parser::parse_object};
use crate::aws::{Ciphertext, SecretValue, SecretVersion};
use crate::secret::{Secret, SecretBytes};

/// The content of a secret before it is parsed as a login.
pub(crate) enum SecretContent<'a> {
    /// A text that is parsed without decryption.
    Text(&'a Secret),
    /// A ciphertext that KMS must decrypt first.
    Sealed(Ciphertext),
}

impl<'a> SecretContent<'a> {
    pub(crate) fn new(version: &'a SecretVersion) -> Result<Self, ContentError> {
        let content = match &version.value {
            SecretValue::Binary(bytes) => ciphertext(bytes).map(Self::Sealed),
            SecretValue::Text(text) => {
                find_ciphertext(text).map(|sealed| sealed.map_or(Self::Text(text), Self::Sealed))
            }
        };
        content.map_err(|fault| ContentError::new(version, fault))
    }
}

/// The text that KMS decrypted.
pub(crate) fn decode_plaintext(version: &SecretVersion, plaintext: &SecretBytes) -> Result<Secret, ContentError> {
    #[expect(clippy::disallowed_methods, reason = "the bytes of a secret are read in this file only")]
    let text = std::str::from_utf8(plaintext.expose());
    let text = text.map_err(|_| ContentError::new(version, ContentFault::DecryptedBinary))?;
    Ok(Secret::new(text.to_owned()))
}

/// The error for a binary secret that KMS does not accept as a ciphertext.
pub(crate) fn not_ciphertext(version: &SecretVersion, ciphertext: &Ciphertext) -> ContentError {
    let has_header = binary_form::has_header(&ciphertext.bytes);
    ContentError::new(version, ContentFault::NotCiphertext { has_header })
}

fn ciphertext(bytes: &SecretBytes) -> Result<Ciphertext, ContentFault> {
    #[expect(clippy::disallowed_methods, reason = "the bytes of a secret are read in this file only")]
    let bytes = bytes.expose();
    if bytes.is_empty() {
        return Err(ContentFault::Empty);
    }
    // What is recognised as something else is not sent to KMS.
    match binary_form::of_bytes(bytes, CIPHERTEXT_LIMIT) {
        Some(form) => Err(ContentFault::Binary(form)),
        None => Ok(Ciphertext { key: None, bytes: bytes.to_vec(), context: BTreeMap::new() }),
    }
}

/// The ciphertext of an envelope. A text that is not JSON is not an envelope; the parser of the
/// login reports what is wrong with it.
fn find_ciphertext(text: &Secret) -> Result<Option<Ciphertext>, ContentFault> {
    match parse_object(json::expose(text)) {
        Ok(content) if envelope::is_envelope(&content) => {
            require_one_form(&content)?;
            let envelope::Envelope { key, ciphertext, context } = envelope::parse(&content)?;
            Ok(Some(Ciphertext { key: Some(key), bytes: ciphertext, context }))
        }
        _ => Ok(None),
    }
}
