//! A version of a secret, as Secrets Manager returns it.

use crate::aws::AwsRequest;
use crate::secret::{Secret, SecretBytes};

/// One version of a secret.
#[derive(Clone, Debug)]
pub struct SecretVersion {
    /// The full ARN of the secret, from the answer.
    pub arn: String,
    /// The id of the version.
    pub version_id: String,
    /// The staging label of the request, unless it was `AWSCURRENT`.
    pub stage: Option<String>,
    /// The calls that returned the version and the credentials for it, in their order.
    pub requests: Vec<AwsRequest>,
    /// The content of the version.
    pub value: SecretValue,
}

/// The content of a secret.
#[derive(Clone, Debug)]
pub enum SecretValue {
    /// Text, from the field `SecretString`.
    Text(Secret),
    /// Bytes, from the field `SecretBinary`.
    Binary(SecretBytes),
}
