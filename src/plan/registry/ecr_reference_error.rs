//! The error of an image or host in a registry that looks like ECR.

use super::ecr_host_error::EcrHostError;
use crate::error::{Class, Explain, Link};

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
        Some("an ECR image is `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY`, with the domain of its partition: `aws ecr describe-repositories` prints it as repositoryUri".to_owned())
    }
}
