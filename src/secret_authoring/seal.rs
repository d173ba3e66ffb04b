//! Sealing: a login's text and what its ciphertext is to be bound to, checked before KMS
//! is asked.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::aws::{AwsClient, AwsError};
use crate::credential::Envelope;
use crate::credential::content::{self, ContentFault};
use crate::error::{Class, Explain, Link};
use crate::secret::Secret;
use crate::task::{ArnError, KeyArn};

/// The longest text that KMS encrypts, in bytes (`Encrypt`, API reference).
pub const PLAINTEXT_LIMIT: usize = 4_096;

/// The key and the encryption context of a ciphertext.
#[derive(Clone, Debug)]
pub struct Binding {
    pub(crate) key: KeyArn,
    pub(crate) context: BTreeMap<String, String>,
}

/// A text that may be sealed: what a secret may hold.
#[derive(Clone, Debug)]
pub struct Plaintext(pub(crate) Secret);

/// What cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Not a key's ARN.
    #[error("the key `{text}` is not the ARN of a KMS key")]
    Key {
        /// As it was given.
        text: String,
        /// What is wrong with it.
        source: ArnError,
    },
    /// Not `name=value`.
    #[error("the encryption context is given as name=value, each name once")]
    Context,
    /// Longer than KMS takes.
    #[error("the text is longer than {PLAINTEXT_LIMIT} bytes, the most that KMS encrypts")]
    Long,
    /// Not UTF-8.
    #[error("the text is not UTF-8")]
    NotText,
    /// No text that a secret may hold.
    #[error("the text to be sealed cannot be a login: {0}")]
    Content(ContentFault),
}

impl Explain for SealError {
    fn link(&self) -> Link {
        match self {
            Self::Key { .. } | Self::Context => Link::Key,
            Self::Long | Self::NotText | Self::Content(_) => Link::Content,
        }
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        match self {
            Self::Key { text, .. } => text.clone(),
            Self::Context => "encryption context".to_owned(),
            Self::Long | Self::NotText | Self::Content(_) => "-".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Key { .. } => {
                "a full ARN says in which Region it is decrypted later: copy it from `aws kms describe-key --key-id KEY`"
            }
            Self::Context => "for example: --context team=web --context stage=prod",
            Self::Long => "seal the login alone: {\"username\": \"…\", \"password\": \"…\"}",
            Self::NotText | Self::Content(_) => {
                "give what the secret would hold: {\"username\": \"…\", \"password\": \"…\"}"
            }
        };
        Some(hint.to_owned())
    }
}

impl Binding {
    /// Reads a key's ARN and `name=value` pairs.
    ///
    /// # Errors
    /// [`SealError`], naming the one that is wrong.
    pub fn new(key: &str, context: &[String]) -> Result<Self, SealError> {
        let key = KeyArn::parse(key).map_err(|source| SealError::Key { text: key.to_owned(), source })?;
        let mut pairs = BTreeMap::new();
        for pair in context {
            let (name, value) = pair.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or(SealError::Context)?;
            if pairs.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(SealError::Context);
            }
        }
        Ok(Self { key, context: pairs })
    }
}

impl Plaintext {
    /// Takes the bytes of a text that a secret may hold, and wipes them.
    ///
    /// # Errors
    /// [`SealError`], without a word of the text.
    pub fn new(bytes: Vec<u8>) -> Result<Self, SealError> {
        let bytes = Zeroizing::new(bytes);
        if bytes.len() > PLAINTEXT_LIMIT {
            return Err(SealError::Long);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| SealError::NotText)?;
        let text = Secret::new(text.to_owned());
        content::is_sealable(&text).map_err(SealError::Content)?;
        Ok(Self(text))
    }
}

/// Encrypts the text under the key, as the host.
///
/// # Errors
/// [`AwsError`]
pub async fn seal(aws: &AwsClient, binding: &Binding, Plaintext(text): &Plaintext) -> Result<Envelope, AwsError> {
    let Binding { key, context } = binding;
    let ciphertext = aws.encrypt(key, context, text).await?;
    Ok(Envelope { key: key.clone(), ciphertext, context: context.clone() })
}
