//! The table of AWS errors: the link, class, reason and hint of every kind.

use crate::aws::{AwsCall, AwsErrorKind, AwsResource, AwsService, Denial, SecretLookup, TokenScope, hints};
use crate::error::{Class, Link};
use crate::identity::Identity;

/// The facts about a failed call, apart from the kind of failure.
pub(super) struct CallFacts<'a> {
    pub call: AwsCall,
    pub resource: &'a AwsResource,
    pub identity: &'a Identity,
    pub region: Option<&'a str>,
    /// The request as a denied one; other kinds of failures need only its names.
    pub denial: Denial,
    /// The message of the service; empty if there is none.
    pub message: String,
    /// The search for an absent secret.
    pub lookup: Option<&'a SecretLookup>,
}

/// One row of the table.
pub(super) struct Explanation {
    pub link: Link,
    pub class: Class,
    pub reason: String,
    pub hint: Option<String>,
}

impl CallFacts<'_> {
    #[expect(clippy::too_many_lines, reason = "one table, to read link, class, reason and hint of a kind together")]
    pub(super) fn explain(&self, kind: AwsErrorKind) -> Explanation {
        use AwsErrorKind as Kind;
        let Self { resource, identity, denial, message, .. } = self;
        let (resource_link, noun, service) = (resource.link(), resource.noun(), self.service());
        let permission = self.call.permission();
        let region = self.region.unwrap_or("the host's Region");
        let holder = denial.holder();
        let labels = format!(
            "`aws secretsmanager list-secret-version-ids --region {region} --secret-id {}` shows the labels",
            resource.name()
        );
        match kind {
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
                    "no Region is set, and a cluster's name does not contain one",
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
                let reason = format!("{caller} may not assume {identity}: {}", denial.reason());
                row(Link::Role, Class::Refused, reason, hints::allow_assume_role(identity, denial))
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
                hints::try_again(AwsService::Sts, self.region),
            ),
            Kind::IdentityRejected => {
                let link = if **identity == Identity::Host { Link::HostIdentity } else { Link::Role };
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
                let link = if resource_link == Link::Secret { Link::SecretPolicy } else { resource_link };
                let hint = match resource {
                    AwsResource::Cluster(_) => format!("{}; docs/agent.md lists all permissions", denial.hint()),
                    _ => denial.hint(),
                };
                let action = denial.action().unwrap_or(&permission);
                let reason = format!("{identity} is not allowed to call {action}: {}", denial.reason());
                row(link, Class::Refused, reason, hint)
            }
            Kind::NotFound => {
                let link =
                    if matches!(resource, AwsResource::Cluster(_)) { Link::Configuration } else { resource_link };
                let hint = match resource {
                    AwsResource::Secret(secret) => SecretLookup::hint(self.lookup, secret, region),
                    AwsResource::Cluster(_) => format!(
                        "set `ecs.cluster` to the cluster's name or ARN: `aws ecs list-clusters --region {region}` shows those of the Region"
                    ),
                    _ => format!(
                        "KMS is called in {region}, the Region of the key's ARN: compare `aws kms list-keys --region {region}` in the key's account"
                    ),
                };
                let found = match resource {
                    AwsResource::Secret(secret) => self.lookup.map(|lookup| lookup.reason(secret, region)),
                    _ => None,
                };
                let reason = format!("there is no such {noun} in {region}{}", found.unwrap_or_default());
                row(link, Class::Absent, reason, hint)
            }
            Kind::Throttled => {
                row(resource_link, Class::Throttled, format!("{service} is throttling {permission}"), hints::WAIT)
            }
            Kind::Unavailable => {
                let reason = format!("{service} gave no usable answer to {permission}");
                row(
                    resource_link,
                    Class::Unavailable,
                    reason,
                    self.region_warning().unwrap_or_else(|| hints::try_again(self.call.service(), self.region)),
                )
            }
            Kind::TimedOut => {
                let reason = format!("{service} did not answer {permission} in time");
                row(
                    resource_link,
                    Class::TimedOut,
                    reason,
                    self.region_warning().unwrap_or_else(|| hints::raise_the_timeout(self.call.service(), self.region)),
                )
            }
            Kind::Other => Explanation {
                link: resource_link,
                class: Class::Unknown,
                reason: format!("{service} rejected {permission}"),
                hint: None,
            },
            Kind::SecretKeyDenied => row(
                Link::Key,
                Class::Refused,
                format!("{identity} is not allowed to use the secret's KMS key"),
                if denial.is_unstated() {
                    hints::allow_on_secret_key(self.call, &holder, region, &resource.name())
                } else {
                    denial.hint()
                },
            ),
            Kind::DefaultKey => row(
                Link::Key,
                Class::Refused,
                "it is encrypted under the default key, which admits no other account",
                format!(
                    "encrypt it under a customer key whose policy admits {holder}, or read it as a role of its own account"
                ),
            ),
            Kind::Undecryptable => row(
                Link::Key,
                Class::Refused,
                "its KMS key cannot decrypt it",
                hints::check_the_key(region, &resource.name()),
            ),
            Kind::EncryptionFailed => row(
                Link::Key,
                Class::Refused,
                "its KMS key cannot encrypt it",
                hints::check_the_key(region, &resource.name()),
            ),
            Kind::MarkedForDeletion => {
                let restore = format!(
                    "restore it: `aws secretsmanager restore-secret --region {region} --secret-id {}`",
                    resource.name()
                );
                let hint = match self.call {
                    AwsCall::GetSecretValue => restore,
                    _ => format!("{restore}, then run this command again; or choose another name"),
                };
                row(resource_link, Class::Absent, "it is marked for deletion", hint)
            }
            Kind::NoCurrentVersion => row(
                resource_link,
                Class::Absent,
                "it has no version labelled AWSCURRENT",
                format!("a rotation was interrupted, or no value was ever written: {labels}"),
            ),
            Kind::NoStagedVersion => row(
                resource_link,
                Class::Absent,
                "it has no version with the requested staging label",
                format!("a rotation sets AWSPENDING while it runs, and removes it at its end: {labels}"),
            ),
            Kind::AlreadyExists => row(
                resource_link,
                Class::Refused,
                "a secret of this name was created in the meantime",
                "run this command again: it compares the new content with the existing secret",
            ),
            Kind::LimitExceeded => row(
                resource_link,
                Class::Refused,
                "the account has reached its quota of secrets or versions",
                "delete secrets that are not used, or request a higher quota",
            ),
            Kind::CiphertextMismatch => row(
                resource_link,
                Class::Invalid,
                "the ciphertext is damaged, or was made with another encryption context",
                "the envelope's encryptionContext must be exactly the one it was sealed with; else seal the login again",
            ),
            Kind::WrongKey => row(
                resource_link,
                Class::Invalid,
                "the ciphertext was made by another key",
                "write the ARN of the key that sealed it into keyArn, or seal the login again",
            ),
            Kind::KeyDisabled => {
                row(resource_link, Class::Refused, "the key is disabled", hints::enable_key(region, resource, message))
            }
            Kind::KeyBadState => row(
                resource_link,
                Class::Refused,
                "the key is pending deletion or without its material",
                hints::cancel_key_deletion(region, resource, message),
            ),
            Kind::KeyBadUsage => row(
                resource_link,
                Class::Invalid,
                "the key cannot encrypt and decrypt symmetrically",
                "use a symmetric key with the usage ENCRYPT_DECRYPT",
            ),
            Kind::KeyDeniedOrElsewhere => row(
                resource_link,
                Class::Refused,
                format!(
                    "the ciphertext's key is not in {region}, does not exist, or does not admit {identity}; KMS does not say which"
                ),
                format!(
                    "a binary secret is decrypted in the secret's own Region: seal it under a key of {region} that allows {identity} to call {permission}, or put an envelope with the key's ARN into the secret"
                ),
            ),
            Kind::NoEndpoint => row(
                resource_link,
                Class::Invalid,
                "the settings require an endpoint that cannot exist",
                "AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT cannot be combined with a custom endpoint (AWS_ENDPOINT_URL_ECR, AWS_ENDPOINT_URL), nor used in every partition: remove the setting that does not fit",
            ),
            Kind::MalformedToken => row(
                resource_link,
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

    /// The service and, if known, its Region.
    fn service(&self) -> String {
        let name = self.call.service().name();
        self.region.map_or_else(|| name.to_owned(), |region| format!("{name} in {region}"))
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
