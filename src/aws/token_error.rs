//! Why there is no token for an ECR registry.

use crate::aws::TokenScope;
use crate::aws::secret_error::{FIND_HOST_IDENTITY, MEND_HOST_IDENTITY, SET_THE_CLOCK, policy_holder, refused};
use crate::error::{Class, Explain, Link};
use crate::identity::Identity;

/// A token that could not be had.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct TokenError {
    /// What it was to be good for.
    pub scope: TokenScope,
    /// Who asked.
    pub identity: Identity,
    /// Where STS was asked, when the role could not be had there.
    pub region: Option<String>,
    /// What went wrong.
    pub fault: TokenFault,
    /// The service's own words: code, message, request id.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The ways in which getting a token fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// No place of the host's has anybody to ask as.
    NoHostIdentity,
    /// Somebody was found, and could not be had.
    HostIdentityFailed,
    /// STS does not let the role be assumed.
    RoleRefused,
    /// STS is not active in the Region where it was asked.
    RoleRegionDisabled,
    /// STS turned the request down for a reason of its own; its words say which.
    RoleFailed,
    /// STS did not answer.
    RoleUnavailable,
    /// The caller's access key or session is not accepted there.
    IdentityRejected,
    /// The host's clock is wrong.
    ClockSkew,
    /// The identity policy does not allow it.
    Denied,
    /// The settings ask for an endpoint that there cannot be.
    NoEndpoint,
    /// What came is not a token.
    Malformed,
    /// Too many requests.
    Throttled,
    /// No answer, or a server error.
    Unavailable,
    /// The deadline passed.
    TimedOut,
    /// Something else; the service's words say what.
    Other,
}

impl TokenError {
    pub(crate) fn new(scope: &TokenScope, identity: &Identity, fault: TokenFault) -> Self {
        Self { scope: scope.clone(), identity: identity.clone(), region: None, fault, source: None }
    }

    pub(crate) fn saying(mut self, said: Box<dyn std::error::Error + Send + Sync>) -> Self {
        self.source = Some(said);
        self
    }

    fn sentence(&self) -> String {
        let Self { scope, identity, .. } = self;
        let because = match self.fault {
            TokenFault::NoHostIdentity => "no AWS credentials were found on this host to ask with".to_owned(),
            TokenFault::HostIdentityFailed => "the host's AWS credentials could not be had".to_owned(),
            TokenFault::RoleRefused => {
                let by = identity.assumed_by().unwrap_or(Identity::Host);
                format!("{by} may not assume {identity}")
            }
            TokenFault::RoleRegionDisabled => {
                format!("STS is not active in {}, where {identity} was to be assumed", self.region())
            }
            TokenFault::RoleFailed => {
                format!("STS in {} turned down the request to assume {identity}", self.region())
            }
            TokenFault::RoleUnavailable => format!("STS did not answer when {identity} was to be assumed"),
            TokenFault::IdentityRejected => format!("AWS does not accept the credentials of {identity} there"),
            TokenFault::ClockSkew => "AWS refused the signature because of its time".to_owned(),
            TokenFault::Denied => format!("{identity} is not allowed {}", self.action()),
            TokenFault::NoEndpoint => "the settings ask for an endpoint that there cannot be".to_owned(),
            TokenFault::Malformed => "what the service answered is not a token".to_owned(),
            TokenFault::Throttled => "the service is throttling".to_owned(),
            TokenFault::Unavailable => "the service did not answer properly".to_owned(),
            TokenFault::TimedOut => "the service did not answer in time".to_owned(),
            TokenFault::Other => format!("the service refused {}", self.action()),
        };
        format!("no authorization token for {scope}: {because}")
    }

    fn action(&self) -> &'static str {
        match self.scope {
            TokenScope::Ecr(..) => "ecr:GetAuthorizationToken",
            TokenScope::EcrPublic => "ecr-public:GetAuthorizationToken",
        }
    }

    /// Where there is no such Region, nobody answers for it.
    fn oddity(&self) -> Option<String> {
        match &self.scope {
            TokenScope::Ecr(region, _) => region.oddity(),
            TokenScope::EcrPublic => None,
        }
    }

    fn region(&self) -> &str {
        self.region.as_deref().unwrap_or("this Region")
    }
}

impl Explain for TokenError {
    fn link(&self) -> Link {
        match self.fault {
            TokenFault::NoHostIdentity | TokenFault::HostIdentityFailed | TokenFault::ClockSkew => Link::HostIdentity,
            TokenFault::IdentityRejected => match self.identity {
                Identity::Host => Link::HostIdentity,
                Identity::ExecutionRole(_) | Identity::AccountRole(_) => Link::Role,
            },
            TokenFault::RoleRefused
            | TokenFault::RoleRegionDisabled
            | TokenFault::RoleFailed
            | TokenFault::RoleUnavailable => Link::Role,
            TokenFault::Denied
            | TokenFault::NoEndpoint
            | TokenFault::Malformed
            | TokenFault::Throttled
            | TokenFault::Unavailable
            | TokenFault::TimedOut
            | TokenFault::Other => Link::RegistryToken,
        }
    }

    fn class(&self) -> Class {
        match self.fault {
            TokenFault::NoHostIdentity => Class::Absent,
            TokenFault::RoleRefused
            | TokenFault::RoleRegionDisabled
            | TokenFault::IdentityRejected
            | TokenFault::ClockSkew
            | TokenFault::Denied => Class::Refused,
            TokenFault::HostIdentityFailed
            | TokenFault::RoleUnavailable
            | TokenFault::Malformed
            | TokenFault::Unavailable => Class::Unavailable,
            TokenFault::NoEndpoint => Class::Invalid,
            TokenFault::Throttled => Class::Throttled,
            TokenFault::TimedOut => Class::TimedOut,
            TokenFault::RoleFailed | TokenFault::Other => Class::Unknown,
        }
    }

    fn thing(&self) -> String {
        match self.link() {
            Link::Role => self.identity.to_string(),
            _ => self.scope.to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        let Self { scope, identity, .. } = self;
        Some(match self.fault {
            TokenFault::NoHostIdentity => FIND_HOST_IDENTITY.to_owned(),
            TokenFault::HostIdentityFailed => MEND_HOST_IDENTITY.to_owned(),
            TokenFault::RoleRefused => refused(identity),
            TokenFault::RoleRegionDisabled => format!(
                "activate STS for {} in the account's settings in IAM, or set AWS_REGION to a Region where it is active: the role is then assumed there",
                self.region()
            ),
            // A Region that the caller's account has not enabled does not know its keys.
            TokenFault::IdentityRejected => match scope {
                TokenScope::Ecr(region, _) => format!(
                    "{MEND_HOST_IDENTITY}; if it works, the account may not have {region} enabled: `aws account get-region-opt-status --region-name {region}`"
                ),
                TokenScope::EcrPublic => MEND_HOST_IDENTITY.to_owned(),
            },
            TokenFault::ClockSkew => SET_THE_CLOCK.to_owned(),
            TokenFault::Denied => {
                let holder = policy_holder(identity);
                match scope {
                    TokenScope::Ecr(..) => format!(
                        "allow ecr:GetAuthorizationToken on Resource `*` in the identity policy of {holder}; a repository's policy cannot give it"
                    ),
                    TokenScope::EcrPublic => format!(
                        "allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on Resource `*` in the identity policy of {holder}"
                    ),
                }
            }
            TokenFault::NoEndpoint => {
                "AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT go with no endpoint of one's own (AWS_ENDPOINT_URL_ECR, AWS_ENDPOINT_URL), and not with every partition: take out what does not fit".to_owned()
            }
            TokenFault::Malformed => {
                "something between this host and AWS may answer in its place: see the endpoint (AWS_ENDPOINT_URL_ECR) and the proxy".to_owned()
            }
            TokenFault::Unavailable | TokenFault::TimedOut if self.oddity().is_some() => self.oddity()?,
            TokenFault::Throttled | TokenFault::Unavailable | TokenFault::RoleUnavailable => {
                "it may pass: try again; if it stays, see the network path to the service's endpoint (route, VPC endpoint, proxy)".to_owned()
            }
            TokenFault::TimedOut => {
                "see the network path to the service's endpoint (route, VPC endpoint, proxy), or raise secrets.timeout".to_owned()
            }
            TokenFault::RoleFailed | TokenFault::Other => return None,
        })
    }
}
