//! Why a secret could not be read, told apart as far as the service tells it.

use crate::error::{Class, Explain, Link};
use crate::identity::Identity;
use crate::task::CredentialsParameter;

/// What to do where no place of the host has an identity.
pub(crate) const FIND_HOST_IDENTITY: &str = "on EC2 attach an instance role (in a container the metadata hop limit must be 2), in a task give a task role, elsewhere set up a profile: `aws sts get-caller-identity` must work as this user";

/// What to do where the host's identity is there and does not work.
pub(crate) const MEND_HOST_IDENTITY: &str = "`aws sts get-caller-identity` must work as this user: renew the access key or session, or mend what the words above name";

/// What to do where AWS says that the time of a request is wrong.
pub(crate) const SET_THE_CLOCK: &str = "set the host's clock: `timedatectl` shows whether it is synchronized";

/// A secret that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct SecretError {
    /// Which secret was asked for.
    pub secret: CredentialsParameter,
    /// Who asked.
    pub identity: Identity,
    /// Where, as far as it was known.
    pub region: Option<String>,
    /// What went wrong.
    pub fault: SecretFault,
    /// The service's own words: code, message, request id.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The ways in which reading a secret fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretFault {
    /// No place of the host's has anybody to ask as.
    NoHostIdentity,
    /// Somebody was found, and could not be had.
    HostIdentityFailed,
    /// The Region of a bare name is not known.
    NoRegion,
    /// STS does not let the role be assumed.
    RoleRefused,
    /// STS is not active in the Region where it was asked.
    RoleRegionDisabled,
    /// STS turned the request down for a reason of its own; its words say which.
    RoleFailed,
    /// STS did not answer.
    RoleUnavailable,
    /// The caller's access key or session is not accepted.
    IdentityRejected,
    /// The host's clock is wrong.
    ClockSkew,
    /// A policy does not allow it.
    Denied,
    /// The secret's customer key does not admit the caller, or is disabled.
    KeyDenied,
    /// It belongs to another account and is under the default key, which admits its own only.
    DefaultKey,
    /// The key could not decrypt it.
    Undecryptable,
    /// There is no such secret, or not here.
    Absent,
    /// It is marked for deletion.
    MarkedForDeletion,
    /// It has no current version.
    NoCurrentVersion,
    /// It has no version with the staging label that was asked for.
    NoStagedVersion,
    /// Too many requests.
    Throttled,
    /// No answer, or a server error.
    Unavailable,
    /// The deadline passed.
    TimedOut,
    /// Something else; the service's words say what.
    Other,
}

impl SecretError {
    pub(crate) fn new(secret: &CredentialsParameter, identity: &Identity, fault: SecretFault) -> Self {
        Self { secret: secret.clone(), identity: identity.clone(), region: None, fault, source: None }
    }

    pub(crate) fn in_region(mut self, region: &impl ToString) -> Self {
        self.region = Some(region.to_string());
        self
    }

    pub(crate) fn saying(mut self, said: Box<dyn std::error::Error + Send + Sync>) -> Self {
        self.source = Some(said);
        self
    }

    fn sentence(&self) -> String {
        let Self { secret, identity, .. } = self;
        let region = self.region.as_deref().unwrap_or("unknown");
        match self.fault {
            SecretFault::NoHostIdentity => {
                format!("secret {secret}: no AWS credentials were found on this host to ask with")
            }
            SecretFault::HostIdentityFailed => {
                format!("secret {secret}: the host's AWS credentials could not be had")
            }
            SecretFault::NoRegion => {
                format!("secret {secret}: a bare name is looked up in the host's Region, and no Region is set")
            }
            SecretFault::RoleRefused => {
                let by = identity.assumed_by().unwrap_or(Identity::Host);
                format!("secret {secret}: {by} may not assume {identity}")
            }
            SecretFault::RoleRegionDisabled => {
                format!("secret {secret}: STS is not active in {region}, where {identity} was to be assumed")
            }
            SecretFault::RoleFailed => {
                format!("secret {secret}: STS in {region} turned down the request to assume {identity}")
            }
            SecretFault::RoleUnavailable => {
                format!("secret {secret}: STS did not answer when {identity} was to be assumed")
            }
            SecretFault::IdentityRejected => {
                format!("secret {secret}: AWS does not accept the credentials of {identity}")
            }
            SecretFault::ClockSkew => format!("secret {secret}: AWS refused the signature because of its time"),
            SecretFault::Denied => format!("secret {secret}: {identity} is not allowed to read it"),
            SecretFault::KeyDenied => format!("secret {secret}: {identity} is not allowed to use its KMS key"),
            SecretFault::DefaultKey => {
                format!("secret {secret}: it is under the default key, which admits no other account")
            }
            SecretFault::Undecryptable => format!("secret {secret}: its KMS key could not decrypt it"),
            SecretFault::Absent => format!("secret {secret}: there is none of that name in {region}"),
            SecretFault::MarkedForDeletion => format!("secret {secret}: it is marked for deletion"),
            SecretFault::NoCurrentVersion => format!("secret {secret}: it has no version labelled AWSCURRENT"),
            SecretFault::NoStagedVersion => {
                format!("secret {secret}: it has no version with the staging label that was asked for")
            }
            SecretFault::Throttled => format!("secret {secret}: Secrets Manager in {region} is throttling"),
            SecretFault::Unavailable => format!("secret {secret}: Secrets Manager in {region} did not answer properly"),
            SecretFault::TimedOut => format!("secret {secret}: Secrets Manager in {region} did not answer in time"),
            SecretFault::Other => format!("secret {secret}: Secrets Manager in {region} refused the request"),
        }
    }
}

impl Explain for SecretError {
    fn link(&self) -> Link {
        match self.fault {
            SecretFault::NoHostIdentity
            | SecretFault::HostIdentityFailed
            | SecretFault::NoRegion
            | SecretFault::ClockSkew => Link::HostIdentity,
            SecretFault::IdentityRejected => match self.identity {
                Identity::Host => Link::HostIdentity,
                Identity::ExecutionRole(_) | Identity::AccountRole(_) => Link::Role,
            },
            SecretFault::RoleRefused
            | SecretFault::RoleRegionDisabled
            | SecretFault::RoleFailed
            | SecretFault::RoleUnavailable => Link::Role,
            SecretFault::Denied => Link::SecretPolicy,
            SecretFault::KeyDenied | SecretFault::DefaultKey | SecretFault::Undecryptable => Link::Key,
            SecretFault::Absent
            | SecretFault::MarkedForDeletion
            | SecretFault::NoCurrentVersion
            | SecretFault::NoStagedVersion
            | SecretFault::Throttled
            | SecretFault::Unavailable
            | SecretFault::TimedOut
            | SecretFault::Other => Link::Secret,
        }
    }

    fn class(&self) -> Class {
        match self.fault {
            SecretFault::NoHostIdentity
            | SecretFault::Absent
            | SecretFault::MarkedForDeletion
            | SecretFault::NoCurrentVersion
            | SecretFault::NoStagedVersion => Class::Absent,
            SecretFault::NoRegion => Class::Invalid,
            SecretFault::RoleRefused
            | SecretFault::RoleRegionDisabled
            | SecretFault::IdentityRejected
            | SecretFault::ClockSkew
            | SecretFault::Denied
            | SecretFault::KeyDenied
            | SecretFault::DefaultKey
            | SecretFault::Undecryptable => Class::Refused,
            SecretFault::HostIdentityFailed | SecretFault::RoleUnavailable | SecretFault::Unavailable => {
                Class::Unavailable
            }
            SecretFault::Throttled => Class::Throttled,
            SecretFault::TimedOut => Class::TimedOut,
            SecretFault::RoleFailed | SecretFault::Other => Class::Unknown,
        }
    }

    fn thing(&self) -> String {
        match self.fault {
            SecretFault::RoleRefused
            | SecretFault::RoleRegionDisabled
            | SecretFault::RoleFailed
            | SecretFault::RoleUnavailable
            | SecretFault::IdentityRejected => self.identity.to_string(),
            _ => self.secret.to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        let Self { secret, identity, .. } = self;
        Some(match self.fault {
            SecretFault::NoHostIdentity => FIND_HOST_IDENTITY.to_owned(),
            SecretFault::HostIdentityFailed | SecretFault::IdentityRejected => MEND_HOST_IDENTITY.to_owned(),
            SecretFault::NoRegion => "set AWS_REGION, or give the secret's full ARN".to_owned(),
            SecretFault::RoleRefused => refused(identity),
            SecretFault::RoleRegionDisabled => format!(
                "activate STS for {} in the account's settings in IAM, or set AWS_REGION to a Region where it is active: the role is then assumed there",
                self.region.as_deref().unwrap_or("this Region")
            ),
            SecretFault::ClockSkew => SET_THE_CLOCK.to_owned(),
            SecretFault::Denied => denied(secret, identity),
            SecretFault::KeyDenied => format!(
                "allow kms:Decrypt on the secret's key in the policy of {}, and let the key's own policy admit it",
                policy_holder(identity)
            ),
            SecretFault::DefaultKey => format!(
                "encrypt it under a customer key whose policy admits {}, or read it as a role of its own account",
                policy_holder(identity)
            ),
            SecretFault::Undecryptable => {
                "see that the key is enabled and not pending deletion: `aws kms describe-key`".to_owned()
            }
            SecretFault::Absent => match secret {
                CredentialsParameter::Name(_) => {
                    "a bare name is looked up in the account and Region of whoever asks: compare `aws secretsmanager list-secrets`, or give the full ARN".to_owned()
                }
                CredentialsParameter::Arn(arn) => format!(
                    "compare `aws secretsmanager list-secrets --region {}` in account {}; a partial ARN must match exactly one secret",
                    arn.region(),
                    arn.account()
                ),
            },
            SecretFault::MarkedForDeletion => {
                format!("restore it: `aws secretsmanager restore-secret --secret-id {secret}`")
            }
            SecretFault::NoCurrentVersion => {
                "a rotation broke off or no value was ever put: `aws secretsmanager list-secret-version-ids` shows the labels".to_owned()
            }
            SecretFault::NoStagedVersion => {
                "a rotation puts AWSPENDING there while it is under way, and takes it away at its end: `aws secretsmanager list-secret-version-ids` shows the labels".to_owned()
            }
            SecretFault::Throttled | SecretFault::Unavailable | SecretFault::RoleUnavailable => {
                "it may pass: try again; if it stays, see the network path to the service's endpoint (route, VPC endpoint, proxy)".to_owned()
            }
            SecretFault::TimedOut => {
                "see the network path to the service's endpoint (route, VPC endpoint, proxy), or raise secrets.timeout".to_owned()
            }
            SecretFault::RoleFailed | SecretFault::Other => return None,
        })
    }
}

/// What a role that may not be assumed needs. STS never says which half is missing.
pub(crate) fn refused(identity: &Identity) -> String {
    let by = match identity.assumed_by().as_ref().and_then(Identity::role) {
        Some(role) => role.to_string(),
        None => "the host".to_owned(),
    };
    let both = format!(
        "the trust policy of {identity} must name {by}'s principal, and {by}'s policy must allow sts:AssumeRole on it"
    );
    match identity {
        Identity::AccountRole(role) => {
            let sent = match &role.external_id {
                Some(id) => format!("the external id `{id}` was sent"),
                None => "no external id was sent".to_owned(),
            };
            format!("{both}; {sent} (identity.account), and sts:ExternalId in the trust policy must agree")
        }
        Identity::Host | Identity::ExecutionRole(_) => {
            format!("{both}; to ask as the host instead, set identity.execution_role = \"ignore\"")
        }
    }
}

/// A policy needs the full ARN: a partial one must end in six wildcards (A17).
fn denied(secret: &CredentialsParameter, identity: &Identity) -> String {
    let holder = policy_holder(identity);
    let CredentialsParameter::Arn(arn) = secret else {
        return format!("allow secretsmanager:GetSecretValue on the secret's full ARN in the policy of {holder}");
    };
    let wildcards = if arn.ends_like_a_full_arn() { "" } else { "-??????" };
    let account = arn.account();
    format!(
        "allow secretsmanager:GetSecretValue on {arn}{wildcards} in the policy of {holder}; if that is not in account {account}, the secret's resource policy must allow it too"
    )
}

/// Whose policy is to be changed, as far as it is known here.
pub(crate) fn policy_holder(identity: &Identity) -> String {
    match identity {
        Identity::Host => "the identity named above (instance role, task role or user)".to_owned(),
        Identity::ExecutionRole(_) | Identity::AccountRole(_) => identity.to_string(),
    }
}
