//! A KMS ciphertext and its plaintext.

use std::collections::BTreeMap;

use crate::aws::AwsRequest;
use crate::secret::SecretBytes;
use crate::task::KeyArn;

/// A ciphertext with all that KMS needs to decrypt it.
#[derive(Clone, Debug)]
pub struct Ciphertext {
    /// The key; `None` if only the ciphertext itself names it.
    pub key: Option<KeyArn>,
    /// The output of KMS, at most 6144 bytes.
    pub bytes: Vec<u8>,
    /// The encryption context to which the ciphertext is bound. Not secret: CloudTrail shows it.
    pub context: BTreeMap<String, String>,
}

/// The result of a decryption.
#[derive(Clone, Debug)]
pub struct DecryptedBytes {
    /// The plaintext that KMS returned.
    pub plaintext: SecretBytes,
    /// The call, if the service assigned it an id.
    pub request: Option<AwsRequest>,
}
