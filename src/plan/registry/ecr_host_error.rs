//! The error of a host that looks like an ECR registry.

use crate::error::{Class, Excerpt, Explain, Link};
use crate::task::{Region, RegionError};

/// Why a host that looks like an ECR registry is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EcrHostError {
    /// The parts of the host are not those of an ECR host.
    #[error("the host looks like an ECR registry, but is not one")]
    Form,
    /// The first part is not an account id.
    #[error("an ECR host begins with a 12-digit account id, but this one begins with `{0}`")]
    Account(Excerpt),
    /// The Region is malformed.
    #[error("the Region in the ECR host: {0}")]
    Region(RegionError),
    /// The Region is in a different partition than the domain of the host.
    #[error("the Region {region} is in the partition {partition}, whose ECR hosts do not end in `{suffix}`")]
    Partition {
        /// The Region in the host.
        region: Region,
        /// The partition of that Region.
        partition: &'static str,
        /// The domain of the host.
        suffix: &'static str,
        /// The domain of ECR hosts in that partition.
        expected: &'static str,
    },
}

impl EcrHostError {
    /// What to do about the error.
    #[must_use]
    pub fn hint(&self) -> String {
        let form = "an ECR image is `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY`, with the domain of its partition: `aws ecr describe-repositories` prints it as repositoryUri";
        match self {
            Self::Region(error) if error.meant.is_some() => error.hint(),
            Self::Account(_) => format!("an account id has 12 digits: {form}"),
            Self::Partition { region, expected, .. } => {
                format!("ECR hosts in {region} end in `{region}.{expected}`; or write the Region that was meant")
            }
            Self::Form | Self::Region(_) => form.to_owned(),
        }
    }
}

/// Where a host that only looks like an ECR registry is used.
#[derive(Debug, thiserror::Error)]
pub(in crate::plan) enum EcrReferenceError {
    /// In the image of a task definition.
    #[error("image {image}: {error}")]
    Image { image: String, error: EcrHostError },
    /// As a host, in a request for its login.
    #[error("registry {host}: {error}")]
    Host { host: String, error: EcrHostError },
}

impl Explain for EcrReferenceError {
    fn link(&self) -> Link {
        match self {
            Self::Image { .. } => Link::Definition,
            Self::Host { .. } => Link::Configuration,
        }
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        let (Self::Image { image: resource, .. } | Self::Host { host: resource, .. }) = self;
        resource.clone()
    }

    fn hint(&self) -> Option<String> {
        let (Self::Image { error, .. } | Self::Host { error, .. }) = self;
        Some(error.hint())
    }
}
