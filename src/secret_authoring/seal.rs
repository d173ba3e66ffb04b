//! Sealing: encrypts a login under a KMS key. Text, key and encryption context are validated before KMS
//! is called.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::aws::{AwsClient, AwsError};
use crate::config::AccessTokens;
use crate::credential::{Envelope, LoginRemark, content, content::ContentFault};
use crate::error::{Class, Excerpt, Explain, Link};
use crate::secret::Secret;
use crate::task::{ArnError, Field, KeyArn};

/// The most bytes that KMS encrypts in one call (`Encrypt`, API reference).
pub const PLAINTEXT_LIMIT: usize = 4_096;

/// The key and the encryption context that a ciphertext is bound to.
#[derive(Clone, Debug)]
pub struct Binding {
    pub(crate) key: KeyArn,
    pub(crate) context: BTreeMap<String, String>,
}

/// A text that may be sealed: content of a secret in which a pull finds a login.
#[derive(Clone, Debug)]
pub struct Plaintext {
    text: Secret,
    /// What is odd about the logins in it.
    pub remarks: Vec<LoginRemark>,
}

/// Why something cannot be sealed. No variant contains the text.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key is not the ARN of a KMS key.
    #[error("`{text}` is not the ARN of a KMS key")]
    Key {
        /// The text that was given.
        text: Excerpt,
        /// What is wrong with the text.
        source: ArnError,
    },
    /// A part of the encryption context is not `name=value`, or a name occurs twice.
    #[error("the encryption context must be name=value, each name once")]
    Context,
    /// The text is longer than KMS allows.
    #[error("the text is longer than the {PLAINTEXT_LIMIT} bytes that KMS encrypts")]
    Long,
    /// The text is not UTF-8.
    #[error("the text is not UTF-8")]
    NotText,
    /// The text is not valid content of a secret.
    #[error("the text is not a login: {0}")]
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
            Self::Key { text, .. } => text.to_string(),
            Self::Context => "encryption context".to_owned(),
            Self::Long | Self::NotText | Self::Content(_) => "-".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Key { .. } => {
                "pass the full ARN, which contains the Region for decryption: copy it from `aws kms describe-key --key-id KEY`"
            }
            Self::Context => "for example: --context team=web --context stage=prod",
            Self::Long => "seal the login alone: {\"username\": \"…\", \"password\": \"…\"}",
            Self::NotText | Self::Content(_) => {
                "pass what the secret would contain: {\"username\": \"…\", \"password\": \"…\"}"
            }
        };
        Some(hint.to_owned())
    }
}

impl Binding {
    /// Parses a key's ARN and `name=value` pairs.
    ///
    /// # Errors
    /// [`SealError`], which names the argument that is wrong.
    pub fn new(key: &str, context: &[String]) -> Result<Self, SealError> {
        let key = KeyArn::parse(key).map_err(|source| SealError::Key { text: Field::Key.text(key).whole(), source })?;
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
    /// Takes the bytes of a valid content of a secret, and wipes them. The content must be what a pull
    /// accepts with the same setting.
    ///
    /// # Errors
    /// [`SealError`], which repeats nothing of the text.
    pub fn new(bytes: Vec<u8>, access_tokens: AccessTokens) -> Result<Self, SealError> {
        let bytes = Zeroizing::new(bytes);
        if bytes.len() > PLAINTEXT_LIMIT {
            return Err(SealError::Long);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| SealError::NotText)?;
        let text = Secret::new(text.to_owned());
        let logins = content::parse_all_logins(&text, access_tokens).map_err(SealError::Content)?;
        let remarks = logins.iter().flat_map(|login| login.remarks(None)).collect();
        Ok(Self { text, remarks })
    }
}

/// Encrypts the text under the key, as the host identity.
///
/// # Errors
/// [`AwsError`], if KMS refuses or does not answer.
pub async fn seal(aws: &AwsClient, binding: &Binding, plaintext: &Plaintext) -> Result<Envelope, AwsError> {
    let Binding { key, context } = binding;
    let ciphertext = aws.encrypt(key, context, &plaintext.text).await?;
    Ok(Envelope { key: key.clone(), ciphertext, context: context.clone() })
}
