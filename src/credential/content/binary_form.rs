//! Recognises what the bytes of a binary secret are that are no ciphertext of KMS.

use super::text_form::decode_base64;

/// What a binary secret contains, if it is recognised and is no ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BinaryForm {
    /// The login as JSON, which was to be the text of the secret.
    #[error("it is JSON")]
    Json,
    /// A ciphertext that was not decoded from Base64 before it was stored.
    #[error("it is the base64 of a ciphertext")]
    Base64Ciphertext,
    /// Text in Base64.
    #[error("it is base64")]
    Base64,
    /// Any other text in UTF-8.
    #[error("it is text")]
    Text,
    /// A text as Windows PowerShell writes it.
    #[error("it is text in UTF-16")]
    Utf16,
    /// A compressed file or an archive.
    #[error("it is compressed data")]
    Compressed,
    /// A certificate, a key or a key store.
    #[error("it is a certificate or a key store")]
    KeyStore,
    /// It is longer than KMS decrypts.
    #[error("it is longer than a ciphertext")]
    TooLong,
}

/// The beginnings of files that people store, with their forms.
const SIGNATURES: [(&[u8], BinaryForm); 9] = [
    (&[0xff, 0xfe], BinaryForm::Utf16),
    (&[0xfe, 0xff], BinaryForm::Utf16),
    (&[0x1f, 0x8b], BinaryForm::Compressed),
    (b"PK\x03\x04", BinaryForm::Compressed),
    (&[0x28, 0xb5, 0x2f, 0xfd], BinaryForm::Compressed),
    (&[0xfd, b'7', b'z', b'X', b'Z'], BinaryForm::Compressed),
    (b"BZh", BinaryForm::Compressed),
    (&[0x30, 0x82], BinaryForm::KeyStore),
    (&[0xfe, 0xed, 0xfe, 0xed], BinaryForm::KeyStore),
];

/// The form of the bytes; `None` if they may be a ciphertext.
pub(super) fn of_bytes(bytes: &[u8], limit: usize) -> Option<BinaryForm> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.chars().any(|c| c.is_control() && !c.is_whitespace())
    {
        return Some(of_text(text));
    }
    let signature = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)).map(|(_, form)| *form);
    signature
        .or_else(|| is_utf16_without_mark(bytes).then_some(BinaryForm::Utf16))
        .or_else(|| (bytes.len() > limit).then_some(BinaryForm::TooLong))
}

fn of_text(text: &str) -> BinaryForm {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') {
        BinaryForm::Json
    } else if ["AQEC", "AQED", "AQIC", "AQID"].iter().any(|start| text.starts_with(start)) {
        BinaryForm::Base64Ciphertext
    } else if decode_base64(text).is_some() {
        BinaryForm::Base64
    } else {
        BinaryForm::Text
    }
}

/// Whether the bytes are ASCII with a zero byte beside each character.
fn is_utf16_without_mark(bytes: &[u8]) -> bool {
    let pairs = bytes.chunks_exact(2);
    let is_text = |b: u8| b.is_ascii_graphic() || b.is_ascii_whitespace();
    bytes.len() >= 4
        && bytes.len() % 2 == 0
        && (pairs.clone().all(|pair| is_text(pair[0]) && pair[1] == 0)
            || pairs.clone().all(|pair| pair[0] == 0 && is_text(pair[1])))
}

/// Whether the bytes begin as the ciphertexts of KMS do that are known.
pub(super) fn has_header(bytes: &[u8]) -> bool {
    matches!(bytes, [1, 1 | 2, 2 | 3, 0, ..] | [0x0a, 0x20, ..])
}
