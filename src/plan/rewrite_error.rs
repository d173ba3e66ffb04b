//! The errors of `[[rewrite]]`: of an entry, and of an image to which an entry applies.

use super::registry::EcrHostError;
use crate::error::{Class, Excerpt, Explain, Link};
use crate::task::{ImageReferenceError, Slip};

/// Why an entry of `rewrite` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    /// `from` is not a registry, or not a path in one.
    #[error("rewrite: from `{0}` must be a registry's host, or a host and the beginning of a repository's name")]
    From(Excerpt),
    /// `from` is a private ECR registry, whose images need no rule.
    #[error("rewrite: from `{0}` is a private ECR registry, not an upstream registry")]
    FromEcr(Excerpt),
    /// Two entries have the same upstream registry and path.
    #[error("rewrite: from `{0}` has more than one entry")]
    Duplicate(Excerpt),
    /// `to` is not an ECR registry with an optional prefix.
    #[error("rewrite: to `{to}` of `{from}` must be an ECR registry's host, or that host and the prefix of a rule")]
    To {
        /// The upstream registry of the entry.
        from: Excerpt,
        /// The value of `to`.
        to: Excerpt,
    },
    /// A value is in a wrong form, or something else.
    #[error("rewrite: `{text}`: {slip}")]
    Slip {
        /// The value of `from` or `to`.
        text: Excerpt,
        /// What is wrong with the value.
        slip: Slip,
    },
    /// The host of `to` looks like an ECR registry and is not one.
    #[error("rewrite: to `{to}` of `{from}` is not the host of an ECR registry")]
    Host {
        /// The upstream registry of the entry.
        from: Excerpt,
        /// The value of `to`.
        to: Excerpt,
        /// What is wrong with the host.
        source: EcrHostError,
    },
}

impl Explain for RewriteError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        "rewrite".to_owned()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Slip { slip, .. } => return Some(slip.hint()),
            Self::From(_) => {
                "write the host, such as `docker.io`, `ghcr.io` or `docker.io/library`, without a tag and without a slash at the end"
            }
            Self::FromEcr(_) => "name the registry that the rule pulls from, such as `docker.io` or `ghcr.io`",
            Self::Duplicate(_) => "an upstream registry can have one rule; all names of Docker Hub are one registry",
            Self::To { .. } | Self::Host { .. } => {
                "write `ACCOUNT.dkr.ecr.REGION.amazonaws.com/PREFIX`, without a prefix for a rule with ROOT: `aws ecr describe-pull-through-cache-rules` prints the prefixes"
            }
        };
        Some(hint.to_owned())
    }
}

/// The name that a rewrite gives an image is not an image reference.
#[derive(Debug, thiserror::Error)]
#[error("image {image}: `[[rewrite]]` changes it to `{name}`, which is not an image reference")]
pub struct ImageRewriteError {
    pub(super) image: String,
    pub(super) name: String,
    pub(super) source: ImageReferenceError,
}

impl Explain for ImageRewriteError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        self.image.clone()
    }

    fn hint(&self) -> Option<String> {
        Some("`to` replaces the text of `from`: check that the result is a repository's name".to_owned())
    }
}
