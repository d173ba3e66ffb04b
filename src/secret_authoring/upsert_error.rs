//! Why an existing secret is not updated.

use crate::aws::SecretMetadata;
use crate::error::{Class, Explain, Link};
use crate::secret_authoring::commands::use_default_key;

/// An existing secret that is left unchanged.
#[derive(Debug, thiserror::Error)]
pub enum UpsertError {
    /// The secret differs, and an update was not requested.
    #[error("secret {arn} already exists and differs: {changes}")]
    Differs {
        /// ARN of the secret.
        arn: String,
        /// Names of what differs.
        changes: String,
    },
    /// The secret is encrypted under another key than its use requires, or than was requested.
    #[error("secret {arn} already exists and is encrypted under {found}, not under {expected}")]
    Key {
        /// ARN of the secret.
        arn: String,
        /// The key that it has.
        found: String,
        /// The key that it should have.
        expected: String,
    },
    /// The secret is a replica.
    #[error("secret {arn} is a replica; new versions are written in {primary}")]
    Replica {
        /// ARN of the secret.
        arn: String,
        /// The Region of the primary secret.
        primary: String,
    },
}

impl Explain for UpsertError {
    fn link(&self) -> Link {
        match self {
            Self::Key { .. } => Link::Key,
            Self::Differs { .. } | Self::Replica { .. } => Link::Secret,
        }
    }

    fn class(&self) -> Class {
        Class::Refused
    }

    fn resource(&self) -> String {
        let (Self::Differs { arn, .. } | Self::Key { arn, .. } | Self::Replica { arn, .. }) = self;
        arn.clone()
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Differs { .. } => {
                "nothing was written: use --update to write a new version (the old one remains as AWSPREVIOUS), or choose another name".to_owned()
            }
            Self::Key { arn, expected, .. } if expected == SecretMetadata::DEFAULT_KEY => {
                format!("nothing was written: choose another name, or run {}", use_default_key(arn))
            }
            Self::Key { .. } => "nothing was written: pass the key that it has, or choose another name".to_owned(),
            Self::Replica { primary, .. } => format!("use --region {primary}"),
        })
    }
}
