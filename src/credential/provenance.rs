//! Where a credential came from: names and times, nothing of what it is.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::aws::{AwsRequest, SecretVersion};
use crate::error::Printable;
use crate::identity::Identity;
use crate::plan::{EcrRegistry, HostLogin};
use crate::task::SecretArn;

/// Where a credential came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// No credential was needed.
    Anonymous,
    /// A secret in Secrets Manager.
    Secret {
        /// Which one, and which version of it.
        names: Arc<SecretNames>,
        /// What is odd about its content.
        notes: Vec<Printable>,
        /// Who read it.
        identity: Identity,
        /// How old it is, when AWS did not answer and the kept value served.
        stale: Option<Duration>,
    },
    /// A token of a private ECR registry.
    Ecr {
        /// Whose registry it was shown to, and where.
        registry: EcrRegistry,
        /// Who asked for it.
        identity: Identity,
        /// When it ends, where that was said.
        expires: Option<SystemTime>,
        /// The calls that brought it.
        requests: Vec<AwsRequest>,
    },
    /// ECR Public, with a token or without.
    EcrPublic {
        /// Who asked for the token.
        identity: Identity,
        /// When it ends, where that was said.
        expires: Option<SystemTime>,
        /// Why there was none: then the pull was anonymous.
        without: Option<Printable>,
        /// The calls that brought it.
        requests: Vec<AwsRequest>,
    },
    /// A login of the host's own.
    Instance(HostLogin),
}

impl Provenance {
    /// Its kind, as reports write it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Secret { .. } => "secret",
            Self::Ecr { .. } => "ecr",
            Self::EcrPublic { .. } => "ecr-public",
            Self::Instance(_) => "instance",
        }
    }

    /// When it ends by itself, where that is known.
    #[must_use]
    pub fn ends(&self) -> Option<SystemTime> {
        match self {
            Self::Ecr { expires, .. } | Self::EcrPublic { expires, .. } => *expires,
            Self::Anonymous | Self::Secret { .. } | Self::Instance(_) => None,
        }
    }
}

/// A version of a secret, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretNames {
    /// The secret's full ARN, as the service answered it.
    pub arn: Printable,
    /// The version that was read.
    pub version_id: Printable,
    /// Its owner's account.
    pub account: Option<String>,
    /// Its Region.
    pub region: Option<String>,
    /// The staging label that was asked for, unless it was `AWSCURRENT`.
    pub stage: Option<Printable>,
    /// The calls that brought it.
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
