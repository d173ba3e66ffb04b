//! Why the content of a secret is not a login for an image, and what to do about it.

use super::content_fault::{ContentFault, EntryFault};
use super::content_hint::content_hint;
use crate::aws::SecretVersion;
use crate::error::{Class, Explain, Link};

/// The content of a secret is not a login for an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("secret {arn} (version {version_id}): {fault}")]
pub struct ContentError {
    /// The full ARN of the secret.
    pub arn: String,
    /// The id of the version that was read.
    pub version_id: String,
    /// What is wrong with the content.
    pub fault: ContentFault,
}

impl ContentError {
    pub(super) fn new(version: &SecretVersion, fault: ContentFault) -> Self {
        Self { arn: version.arn.clone(), version_id: version.version_id.clone(), fault }
    }
}

impl Explain for ContentError {
    fn link(&self) -> Link {
        Link::Content
    }

    fn class(&self) -> Class {
        match self.fault {
            ContentFault::NoEntry(_) => Class::Absent,
            ContentFault::InvalidEntry(_, EntryFault::RegistryToken) => Class::Unsupported,
            _ => Class::Invalid,
        }
    }

    fn resource(&self) -> String {
        self.arn.clone()
    }

    fn hint(&self) -> Option<String> {
        Some(content_hint(&self.fault, &self.arn))
    }
}
