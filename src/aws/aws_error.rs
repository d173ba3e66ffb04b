//! One error for every AWS call, with one table of its kinds.

use std::fmt;

use crate::aws::hints;
use crate::aws::{AwsCall, AwsErrorKind, AwsResource, ServiceError, TokenScope};
use crate::error::{Class, Explain, Link};
use crate::identity::Identity;
use crate::task::CredentialsParameter;

/// An AWS call that failed, or that could not be made.
#[derive(Debug)]
pub struct AwsError {
    /// The call.
    pub call: AwsCall,
    /// The resource of the call.
    pub resource: AwsResource,
    /// The caller; for a role that cannot be assumed, that role or the identity which assumes it.
    pub identity: Identity,
    /// The Region where the service was called, as far as it is known.
    pub region: Option<String>,
    /// What went wrong.
    pub kind: AwsErrorKind,
    /// The message of the service: code, text, request id.
    pub source: Option<ServiceError>,
}

/// One row of the table of kinds.
struct Explanation {
    link: Link,
    class: Class,
    reason: String,
    hint: Option<String>,
}

impl AwsError {
    /// A failure to read a secret, in a Region that is not known.
    #[must_use]
    pub fn reading(secret: &CredentialsParameter, identity: &Identity, kind: AwsErrorKind) -> Self {
        let resource = AwsResource::Secret(secret.clone());
        Self { call: AwsCall::GetSecretValue, resource, identity: identity.clone(), region: None, kind, source: None }
    }

    /// A failure to obtain a registry token.
    #[must_use]
    pub fn getting_token(scope: &TokenScope, identity: &Identity, kind: AwsErrorKind) -> Self {
        let (call, resource) = (scope.call(), AwsResource::Token(scope.clone()));
        Self { call, resource, identity: identity.clone(), region: None, kind, source: None }
    }

    /// The permission that is missing: the one in the service's message if it is of the same
    /// service, because tags and replicas need other permissions than the call's own.
    fn permission(&self) -> String {
        let message = self.source.as_ref().map(ToString::to_string).unwrap_or_default();
        let named = message.split_once("perform: ").map_or("", |(_, rest)| rest);
        let named =
            named.split(|c: char| !c.is_ascii_alphanumeric() && c != ':' && c != '-').next().unwrap_or_default();
        let action = named.strip_prefix(self.call.service().policy_prefix()).and_then(|rest| rest.strip_prefix(':'));
        if action.is_some_and(|action| !action.is_empty()) { named.to_owned() } else { self.call.permission() }
    }

    /// The service and, if known, its Region.
    fn service(&self) -> String {
        let name = self.call.service().name();
        self.region.as_ref().map_or_else(|| name.to_owned(), |region| format!("{name} in {region}"))
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one table, so that link, class, text and hint of a kind are read together"
    )]
    fn explanation(&self) -> Explanation {
        use AwsErrorKind as Kind;
        let Self { resource, identity, .. } = self;
        let (own, noun, service, permission) = (resource.link(), resource.noun(), self.service(), self.permission());
        let region = self.region.as_deref().unwrap_or("the host's Region");
        let holder = hints::policy_holder(identity);
        match self.kind {
            Kind::NoHostIdentity => row(
                Link::HostIdentity,
                Class::Absent,
                "no AWS credentials were found on this host",
                hints::FIND_HOST_IDENTITY,
            ),
            Kind::HostIdentityFailed => row(
                Link::HostIdentity,
                Class::Unavailable,
                "the AWS credentials of this host cannot be loaded",
                hints::REPAIR_HOST_IDENTITY,
            ),
            Kind::NoRegion => match resource {
                AwsResource::Cluster(_) => row(
                    Link::Configuration,
                    Class::Invalid,
                    "its Region is not known: no Region is set",
                    "set AWS_REGION, or give the cluster's ARN in `ecs.cluster`",
                ),
                _ => row(
                    Link::HostIdentity,
                    Class::Invalid,
                    "a name is looked up in the host's Region, and no Region is set",
                    "set AWS_REGION, or give the secret's full ARN",
                ),
            },
            Kind::RoleDenied => {
                let caller = identity.assumed_by().unwrap_or(Identity::Host);
                let reason = format!("{caller} may not assume {identity}");
                row(Link::Role, Class::Refused, reason, hints::allow_assume_role(identity))
            }
            Kind::RoleRegionDisabled => row(
                Link::Role,
                Class::Refused,
                format!("STS is not active in {region}, where taskpull assumes {identity}"),
                format!(
                    "activate STS for {region} in the account's settings in IAM, or set AWS_REGION to a Region where it is active: the role is then assumed there"
                ),
            ),
            Kind::RoleFailed => Explanation {
                link: Link::Role,
                class: Class::Unknown,
                reason: format!("STS in {region} rejected the request to assume {identity}"),
                hint: None,
            },
            Kind::RoleUnavailable => row(
                Link::Role,
                Class::Unavailable,
                format!("STS did not answer the request to assume {identity}"),
                hints::TRY_AGAIN,
            ),
            Kind::IdentityRejected => {
                let link = if *identity == Identity::Host { Link::HostIdentity } else { Link::Role };
                let reason = format!("AWS does not accept the credentials of {identity}");
                let hint = match resource {
                    // A Region that is not enabled in the caller's account does not know its keys.
                    AwsResource::Token(TokenScope::Ecr(region, _)) => format!(
                        "{}; if it works, the account may not have {region} enabled: `aws account get-region-opt-status --region-name {region}`",
                        hints::REPAIR_HOST_IDENTITY
                    ),
                    _ => hints::REPAIR_HOST_IDENTITY.to_owned(),
                };
                row(link, Class::Refused, reason, hint)
            }
            Kind::ClockSkew => row(
                Link::HostIdentity,
                Class::Refused,
                "AWS rejected the request's signature because of its time",
                hints::SET_THE_CLOCK,
            ),
            Kind::Denied => {
                let link = if own == Link::Secret { Link::SecretPolicy } else { own };
                let hint = match resource {
                    AwsResource::Secret(secret) => hints::allow_on_secret(&permission, secret, region, identity),
                    AwsResource::Key(_) | AwsResource::KeyOfSecret(_) => format!(
                        "allow {permission} on the key in the policy of {holder}, and let the key's own policy admit it (a condition on the encryption context counts too)"
                    ),
                    AwsResource::Token(TokenScope::Ecr(..)) => format!(
                        "allow {permission} on Resource `*` in the identity policy of {holder}; a repository's policy cannot grant it"
                    ),
                    AwsResource::Token(TokenScope::EcrPublic) => format!(
                        "allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on Resource `*` in the identity policy of {holder}"
                    ),
                    AwsResource::Cluster(_) => {
                        format!("allow {permission} in the policy of {holder}; docs/agent.md lists all permissions")
                    }
                };
                row(link, Class::Refused, format!("{identity} is not allowed to call {permission}"), hint)
            }
            Kind::NotFound => {
                let link = if matches!(resource, AwsResource::Cluster(_)) { Link::Configuration } else { own };
                let hint = match resource {
                    AwsResource::Secret(secret) => hints::find_secret(secret),
                    AwsResource::Cluster(_) => {
                        "set `ecs.cluster` to the cluster's name or ARN: `aws ecs list-clusters` shows those of a Region"
                            .to_owned()
                    }
                    _ => format!(
                        "KMS is called in {region}, the Region of the key's ARN: compare `aws kms list-keys --region {region}` in the key's account"
                    ),
                };
                row(link, Class::Absent, format!("there is no such {noun} in {region}"), hint)
            }
            Kind::Throttled => {
                row(own, Class::Throttled, format!("{service} is throttling {permission}"), hints::TRY_AGAIN)
            }
            Kind::Unavailable => {
                let reason = format!("{service} gave no usable answer to {permission}");
                row(own, Class::Unavailable, reason, self.region_warning().unwrap_or(hints::TRY_AGAIN.to_owned()))
            }
            Kind::TimedOut => {
                let reason = format!("{service} did not answer {permission} in time");
                row(own, Class::TimedOut, reason, self.region_warning().unwrap_or(hints::CHECK_THE_PATH.to_owned()))
            }
            Kind::Other => Explanation {
                link: own,
                class: Class::Unknown,
                reason: format!("{service} rejected {permission}"),
                hint: None,
            },
            Kind::SecretKeyDenied => {
                let permissions = match self.call {
                    AwsCall::GetSecretValue => "kms:Decrypt",
                    _ => "kms:GenerateDataKey and kms:Decrypt",
                };
                row(
                    Link::Key,
                    Class::Refused,
                    format!("{identity} is not allowed to use the secret's KMS key"),
                    format!(
                        "allow {permissions} on the secret's key in the policy of {holder}, and let the key's own policy admit it"
                    ),
                )
            }
            Kind::DefaultKey => row(
                Link::Key,
                Class::Refused,
                "it is encrypted under the default key, which admits no other account",
                format!(
                    "encrypt it under a customer key whose policy admits {holder}, or read it as a role of its own account"
                ),
            ),
            Kind::Undecryptable => {
                row(Link::Key, Class::Refused, "its KMS key cannot decrypt it", hints::CHECK_THE_KEY)
            }
            Kind::EncryptionFailed => {
                row(Link::Key, Class::Refused, "its KMS key cannot encrypt it", hints::CHECK_THE_KEY)
            }
            Kind::MarkedForDeletion => {
                let restore = format!(
                    "restore it: `aws secretsmanager restore-secret --region {region} --secret-id {}`",
                    resource.name()
                );
                let hint = match self.call {
                    AwsCall::GetSecretValue => restore,
                    _ => format!("{restore}, then run this command again; or choose another name"),
                };
                row(own, Class::Absent, "it is marked for deletion", hint)
            }
            Kind::NoCurrentVersion => row(
                own,
                Class::Absent,
                "it has no version labelled AWSCURRENT",
                "a rotation was interrupted, or no value was ever written: `aws secretsmanager list-secret-version-ids` shows the labels",
            ),
            Kind::NoStagedVersion => row(
                own,
                Class::Absent,
                "it has no version with the requested staging label",
                "a rotation sets AWSPENDING while it runs, and removes it at its end: `aws secretsmanager list-secret-version-ids` shows the labels",
            ),
            Kind::AlreadyExists => row(
                own,
                Class::Refused,
                "a secret of this name was created in the meantime",
                "run this command again: it compares the new content with the existing secret",
            ),
            Kind::LimitExceeded => row(
                own,
                Class::Refused,
                "the account has reached its quota of secrets or versions",
                "delete secrets that are not used, or request a higher quota",
            ),
            Kind::CiphertextMismatch => row(
                own,
                Class::Invalid,
                "the ciphertext is damaged, or was made with another encryption context",
                "the envelope's encryptionContext must be exactly the one it was sealed with: seal the login again with `taskpull secret seal`",
            ),
            Kind::WrongKey => row(
                own,
                Class::Invalid,
                "the ciphertext was made by another key",
                "write the ARN of the key that sealed it into keyArn, or seal the login again",
            ),
            Kind::KeyDisabled => row(
                own,
                Class::Refused,
                "the key is disabled",
                format!("enable it: `aws kms enable-key --region {region} --key-id KEY`"),
            ),
            Kind::KeyBadState => row(
                own,
                Class::Refused,
                "the key is pending deletion or without its material",
                format!(
                    "`aws kms describe-key --region {region} --key-id KEY` shows its state; a deletion can be cancelled: `aws kms cancel-key-deletion`"
                ),
            ),
            Kind::KeyBadUsage => row(
                own,
                Class::Invalid,
                "the key cannot encrypt and decrypt symmetrically",
                "use a symmetric key with the usage ENCRYPT_DECRYPT",
            ),
            Kind::KeyDeniedOrElsewhere => row(
                own,
                Class::Refused,
                format!(
                    "the ciphertext's key is not in {region}, does not exist, or does not admit {identity}; KMS does not say which"
                ),
                format!(
                    "a binary secret is decrypted in the secret's own Region: seal it under a key of {region} that allows {identity} to call {permission}, or put an envelope with the key's ARN into the secret"
                ),
            ),
            Kind::NoEndpoint => row(
                own,
                Class::Invalid,
                "the settings require an endpoint that cannot exist",
                "AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT cannot be combined with a custom endpoint (AWS_ENDPOINT_URL_ECR, AWS_ENDPOINT_URL), nor used in every partition: remove the setting that does not fit",
            ),
            Kind::MalformedToken => row(
                own,
                Class::Unavailable,
                "the answer of the service is not a token",
                "a host between this one and AWS may have answered in its place: check the endpoint (AWS_ENDPOINT_URL_ECR) and the proxy",
            ),
            Kind::NoContainerInstance => row(
                Link::Configuration,
                Class::Absent,
                "it has no such container instance",
                "set `ecs.container_instance` to the id that the ECS agent on this host reports: `curl -s http://localhost:51678/v1/metadata`",
            ),
        }
    }

    /// No service answers for a Region that does not exist.
    fn region_warning(&self) -> Option<String> {
        match &self.resource {
            AwsResource::Token(TokenScope::Ecr(region, _)) => region.unknown_warning(),
            _ => None,
        }
    }
}

fn row(link: Link, class: Class, reason: impl Into<String>, hint: impl Into<String>) -> Explanation {
    Explanation { link, class, reason: reason.into(), hint: Some(hint.into()) }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.resource, self.explanation().reason)
    }
}

impl std::error::Error for AwsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl Explain for AwsError {
    fn link(&self) -> Link {
        self.explanation().link
    }

    fn class(&self) -> Class {
        self.explanation().class
    }

    /// A failure of a role is about the role, every other one about the resource.
    fn resource(&self) -> String {
        match self.link() {
            Link::Role => self.identity.to_string(),
            _ => self.resource.name(),
        }
    }

    fn hint(&self) -> Option<String> {
        self.explanation().hint
    }
}
