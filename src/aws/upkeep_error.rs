//! Why a secret could not be described, made, written or replicated.

use crate::aws::secret_error::{SecretError, SecretFault};
use crate::error::{Class, Explain, Link};
use crate::task::CredentialsParameter;

/// What Secrets Manager was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpkeepAction {
    /// `DescribeSecret`
    Describe,
    /// `GetSecretValue`
    Read,
    /// `CreateSecret`
    Create,
    /// `PutSecretValue`
    Put,
    /// `ReplicateSecretToRegions`
    Replicate,
}

impl UpkeepAction {
    /// The permission that it takes.
    #[must_use]
    pub fn permission(self) -> &'static str {
        match self {
            Self::Describe => "secretsmanager:DescribeSecret",
            Self::Read => "secretsmanager:GetSecretValue",
            Self::Create => "secretsmanager:CreateSecret",
            Self::Put => "secretsmanager:PutSecretValue",
            Self::Replicate => "secretsmanager:ReplicateSecretToRegions",
        }
    }

    fn left_behind(self) -> &'static str {
        match self {
            Self::Describe | Self::Read | Self::Create | Self::Put => "nothing was written",
            Self::Replicate => "the secret is there, its replicas are not",
        }
    }
}

/// A call for the upkeep of a secret that failed.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct UpkeepError {
    /// What was asked.
    pub action: UpkeepAction,
    /// What is particular to writing.
    pub fault: UpkeepFault,
    /// Which secret, who asked, where, and what is common to all calls.
    pub common: SecretError,
    /// The service's own words: code, message, request id.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The ways in which only a writing call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpkeepFault {
    /// None of them: the fault is one that a read has too.
    Common,
    /// Somebody made a secret of this name in the meantime.
    Exists,
    /// The account has as many secrets or versions as it may.
    Limit,
    /// The key could not encrypt it.
    Encryption,
}

impl UpkeepError {
    /// The permission that is missing: the one that the service names, because tags and replicas
    /// take others than the call's own.
    fn permission(&self) -> String {
        let said = self.source.as_ref().map(ToString::to_string).unwrap_or_default();
        let named = said.split_once("perform: ").map_or("", |(_, rest)| rest);
        let named = named.split(|c: char| !c.is_ascii_alphanumeric() && c != ':').next().unwrap_or_default();
        let is_one = named.strip_prefix("secretsmanager:").is_some_and(|action| !action.is_empty());
        if is_one { named.to_owned() } else { self.action.permission().to_owned() }
    }

    fn sentence(&self) -> String {
        let common = &self.common;
        let SecretError { secret, identity, .. } = common;
        match (self.fault, common.fault) {
            (UpkeepFault::Exists, _) => format!("secret {secret}: one of this name was made in the meantime"),
            (UpkeepFault::Limit, _) => format!("secret {secret}: the account has as many as Secrets Manager lets it"),
            (UpkeepFault::Encryption, _) => format!("secret {secret}: its KMS key could not encrypt it"),
            (UpkeepFault::Common, SecretFault::Denied) => {
                format!("secret {secret}: {identity} is not allowed {}", self.permission())
            }
            (UpkeepFault::Common, SecretFault::MarkedForDeletion) => {
                format!("secret {secret}: one of this name is marked for deletion")
            }
            (UpkeepFault::Common, _) => common.to_string(),
        }
    }
}

impl Explain for UpkeepError {
    fn link(&self) -> Link {
        match self.fault {
            UpkeepFault::Common => self.common.link(),
            UpkeepFault::Exists | UpkeepFault::Limit => Link::Secret,
            UpkeepFault::Encryption => Link::Key,
        }
    }

    fn class(&self) -> Class {
        match self.fault {
            UpkeepFault::Common => self.common.class(),
            UpkeepFault::Exists | UpkeepFault::Limit | UpkeepFault::Encryption => Class::Refused,
        }
    }

    fn thing(&self) -> String {
        self.common.thing()
    }

    fn hint(&self) -> Option<String> {
        let SecretError { secret, region, .. } = &self.common;
        let left = self.action.left_behind();
        let region = region.as_deref().unwrap_or("the host's Region");
        Some(match (self.fault, self.common.fault) {
            (UpkeepFault::Exists, _) => format!("{left}: run this again, which compares it with what is there"),
            (UpkeepFault::Limit, _) => format!("{left}: delete secrets that nobody uses, or have the quota raised"),
            (UpkeepFault::Encryption, _) => {
                format!("{left}: see that the key is enabled and not pending deletion: `aws kms describe-key`")
            }
            (UpkeepFault::Common, SecretFault::Denied) => format!(
                "{left}: allow {} on {} in the policy of the identity named above",
                self.permission(),
                resource(secret, region)
            ),
            (UpkeepFault::Common, SecretFault::KeyDenied) if self.action != UpkeepAction::Read => format!(
                "{left}: allow kms:GenerateDataKey and kms:Decrypt on the key in the policy of the identity that asked, and let the key's own policy admit it"
            ),
            (UpkeepFault::Common, SecretFault::MarkedForDeletion) => format!(
                "{left}: restore it (`aws secretsmanager restore-secret --region {region} --secret-id {secret}`) and run this again, or give another name"
            ),
            (UpkeepFault::Common, _) => return self.common.hint(),
        })
    }
}

/// What a policy names: the service adds a hyphen and six characters to the name (A17).
fn resource(secret: &CredentialsParameter, region: &str) -> String {
    match secret {
        CredentialsParameter::Arn(arn) if arn.ends_like_a_full_arn() => arn.to_string(),
        CredentialsParameter::Arn(arn) => format!("{arn}-??????"),
        CredentialsParameter::Name(name) => {
            let partition = partition_of(region);
            format!("arn:{partition}:secretsmanager:{region}:ACCOUNT:secret:{name}-??????")
        }
    }
}

/// The partitions that more than their own customers meet.
fn partition_of(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
