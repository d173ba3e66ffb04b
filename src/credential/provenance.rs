//! Where a credential came from: names and times, never a value.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::aws::{AwsRequest, SecretVersion};
use crate::error::{Printable, Warning};
use crate::identity::Identity;
use crate::plan::{EcrRegistry, HostLogin};
use crate::task::SecretArn;

/// The record of where a credential came from, for reports, logs and traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// The image needed no credential.
    Anonymous,
    /// A secret in Secrets Manager.
    Secret {
        /// The secret and its version.
        names: Arc<SecretNames>,
        /// Warnings about the content of the secret.
        warnings: Vec<Warning>,
        /// The identity that read it.
        identity: Identity,
        /// Who that identity was for AWS, as far as it is known.
        principal: Option<Printable>,
        /// The age of the cached value, if it is past its expiry and was used because AWS is
        /// unavailable.
        stale: Option<Duration>,
    },
    /// A token for a private ECR registry.
    Ecr {
        /// The registry for which the token was used.
        registry: EcrRegistry,
        /// The identity to which the token belongs.
        identity: Identity,
        /// Who that identity was for AWS, as far as it is known.
        principal: Option<Printable>,
        /// When the token expires, if ECR said so.
        expires: Option<SystemTime>,
        /// The AWS calls that returned it.
        requests: Vec<AwsRequest>,
    },
    /// ECR Public, with or without a token.
    EcrPublic {
        /// The identity that asked for the token.
        identity: Identity,
        /// Who that identity was for AWS, as far as it is known.
        principal: Option<Printable>,
        /// When the token expires, if ECR Public said so.
        expires: Option<SystemTime>,
        /// Why there is no token; the pull was then anonymous.
        no_token_reason: Option<Printable>,
        /// The AWS calls that returned it.
        requests: Vec<AwsRequest>,
    },
    /// A login of the host itself.
    HostLogin(HostLogin),
}

impl Provenance {
    /// The kind of credential, as reports and metrics write it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Secret { .. } => "secret",
            Self::Ecr { .. } => "ecr",
            Self::EcrPublic { .. } => "ecr-public",
            Self::HostLogin(_) => "instance",
        }
    }

    /// Adds who the identity was for AWS.
    pub(in crate::credential) fn set_principal(&mut self, name: Option<Printable>) {
        match self {
            Self::Secret { principal, .. } | Self::Ecr { principal, .. } | Self::EcrPublic { principal, .. } => {
                *principal = name;
            }
            Self::Anonymous | Self::HostLogin(_) => {}
        }
    }

    /// The warnings about the content of the secret, if the credential is one.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        match self {
            Self::Secret { warnings, .. } => warnings,
            Self::Anonymous | Self::Ecr { .. } | Self::EcrPublic { .. } | Self::HostLogin(_) => &[],
        }
    }

    /// When the credential expires, if that is known.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        match self {
            Self::Ecr { expires, .. } | Self::EcrPublic { expires, .. } => *expires,
            Self::Anonymous | Self::Secret { .. } | Self::HostLogin(_) => None,
        }
    }
}

/// The names of a secret and of one of its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretNames {
    /// The full ARN of the secret, as AWS returned it.
    pub arn: Printable,
    /// The id of the version.
    pub version_id: Printable,
    /// The account that owns the secret, 12 digits, from its ARN.
    pub account: Option<String>,
    /// The Region of the secret, from its ARN.
    pub region: Option<String>,
    /// The staging label of the request, unless it was `AWSCURRENT`.
    pub stage: Option<Printable>,
    /// The AWS calls that returned the version, in their order.
    pub requests: Vec<AwsRequest>,
}

impl From<&SecretVersion> for SecretNames {
    fn from(SecretVersion { arn, version_id, stage, requests, .. }: &SecretVersion) -> Self {
        let parsed = SecretArn::parse(arn).ok();
        Self {
            arn: Printable::new(arn),
            version_id: Printable::new(version_id),
            account: parsed.as_ref().map(|arn| arn.account().to_owned()),
            region: parsed.as_ref().map(|arn| arn.region().to_string()),
            stage: stage.as_deref().map(Printable::new),
            requests: requests.clone(),
        }
    }
}
