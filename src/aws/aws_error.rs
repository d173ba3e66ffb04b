//! One error for every AWS call.

use std::fmt;
use std::sync::Arc;

use aws_config::Region;

use crate::aws::{
    AwsCall, AwsErrorKind, AwsResource, AwsService, Denial, DenialContext, SecretLookup, ServiceError, TokenScope,
    endpoint_fault::EndpointFault, explanation::CallFacts, explanation::Explanation, host_fault::HostFault,
    sdk_error::FailedCall,
};
use crate::error::{Class, Explain, Link};
use crate::identity::Identity;
use crate::task::{CredentialsParameter, RoleArn};

/// An AWS call that failed, or that could not be made.
#[derive(Debug)]
pub struct AwsError {
    /// The call that failed.
    pub call: AwsCall,
    /// The resource of the call.
    pub resource: AwsResource,
    /// The caller; for a role that cannot be assumed, that role or the identity which assumes it.
    pub identity: Identity,
    /// The Region where the service was called, as far as it is known.
    pub region: Option<String>,
    /// What went wrong with the call.
    pub kind: AwsErrorKind,
    /// The message of the service: code, text, request id.
    pub source: Option<ServiceError>,
    /// Where a secret that is absent was looked for.
    pub lookup: Option<SecretLookup>,
}

impl AwsError {
    /// A failure to read a secret, before its Region is known.
    #[must_use]
    pub fn for_secret(secret: &CredentialsParameter, identity: &Identity, kind: AwsErrorKind) -> Self {
        let resource = AwsResource::Secret(secret.clone());
        let context = ErrorContext { call: AwsCall::GetSecretValue, resource, identity: identity.clone() };
        context.error(kind, None)
    }

    /// A failure to obtain a registry token.
    #[must_use]
    pub fn for_token(scope: &TokenScope, identity: &Identity, kind: AwsErrorKind) -> Self {
        ErrorContext::token(scope, identity).error(kind, None)
    }

    /// The denied request, as the service's message and the call describe it.
    fn denial(&self) -> Denial {
        let assuming = self.identity.assumed_by().filter(|_| self.kind == AwsErrorKind::RoleDenied);
        let (caller, action) = match &assuming {
            Some(caller) => (caller, AwsCall::AssumeRole.permission()),
            None => (&self.identity, self.call.permission()),
        };
        let resource = match assuming.as_ref().and(self.identity.role()) {
            Some(role) => Some(role.as_str()),
            None => self.resource.policy_name(),
        };
        let context = DenialContext {
            principal: caller.role().map(RoleArn::as_str),
            action: Some(&action),
            resource,
            region: self.region.as_deref(),
        };
        let message = self.source.as_ref().map(ToString::to_string).unwrap_or_default();
        Denial::parse(&message).map_or_else(|| Denial::unstated(context), |denial| denial.in_context(context))
    }

    fn explanation(&self) -> Explanation {
        let Self { call, resource, identity, region, kind, lookup, .. } = self;
        let (call, region, lookup) = (*call, region.as_deref(), lookup.as_ref());
        let message = self.source.as_ref().map(ToString::to_string).unwrap_or_default();
        let facts = CallFacts { call, resource, identity, region, denial: self.denial(), message, lookup };
        if let Some(fault) = self.detail::<HostFault>() {
            return fault.explain();
        }
        let explanation = facts.explain(*kind);
        let service = if explanation.link == Link::Role { AwsService::Sts } else { call.service() };
        match self.detail::<EndpointFault>() {
            Some(fault) => fault.explain(service, explanation),
            None => explanation,
        }
    }

    /// What taskpull itself has found out about the failure, if its source is of this type.
    fn detail<E: std::error::Error + 'static>(&self) -> Option<&E> {
        let source = self.source.as_deref()?;
        match source.downcast_ref::<SharedServiceError>() {
            Some(SharedServiceError(shared)) => shared.downcast_ref(),
            None => source.downcast_ref(),
        }
    }
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

/// A call, its resource and its caller.
#[derive(Clone, Debug)]
pub(crate) struct ErrorContext {
    pub call: AwsCall,
    pub resource: AwsResource,
    pub identity: Identity,
}

impl ErrorContext {
    /// A call about a secret.
    pub(crate) fn secret(call: AwsCall, secret: &CredentialsParameter, identity: &Identity) -> Self {
        Self { call, resource: AwsResource::Secret(secret.clone()), identity: identity.clone() }
    }

    /// The call that obtains a registry token.
    pub(crate) fn token(scope: &TokenScope, identity: &Identity) -> Self {
        Self { call: scope.call(), resource: AwsResource::Token(scope.clone()), identity: identity.clone() }
    }

    /// The error of a call that could not be made, or that the service did not answer.
    pub(crate) fn error(&self, kind: AwsErrorKind, region: Option<&Region>) -> AwsError {
        let Self { call, resource, identity } = self.clone();
        AwsError { call, resource, identity, region: region.map(ToString::to_string), kind, source: None, lookup: None }
    }

    /// The error of a call that failed in this Region.
    pub(crate) fn call_error(&self, FailedCall { kind, message }: FailedCall, region: &Region) -> AwsError {
        AwsError { source: Some(message), ..self.error(kind, Some(region)) }
    }
}

/// An identity has no credentials. Cloneable, because several calls may wait for the same
/// credentials.
#[derive(Clone, Debug)]
pub(crate) struct IdentityError {
    /// The identity that failed: the one that was requested, or one that it is assumed from.
    pub identity: Identity,
    pub kind: AwsErrorKind,
    /// The Region where STS was called, which may differ from the Region of the resource.
    region: Option<Region>,
    source: Arc<ServiceError>,
}

/// The message of a service that several errors share, with all of its causes.
#[derive(Debug)]
struct SharedServiceError(Arc<ServiceError>);

impl fmt::Display for SharedServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SharedServiceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl IdentityError {
    pub(crate) fn new(identity: &Identity, kind: AwsErrorKind, source: ServiceError) -> Self {
        Self { identity: identity.clone(), kind, region: None, source: Arc::new(source) }
    }

    /// The failure of taskpull's own deadline.
    pub(crate) fn timed_out(identity: &Identity) -> Self {
        let kind = match identity {
            Identity::Host => AwsErrorKind::HostIdentityFailed,
            Identity::ExecutionRole(_) | Identity::AccountRole(_) => AwsErrorKind::RoleUnavailable,
        };
        Self::new(identity, kind, "no answer in time".into())
    }

    /// The host has no credentials, for this reason.
    pub(crate) fn host(fault: HostFault) -> Self {
        let kind = match fault.explain().class {
            Class::Absent => AwsErrorKind::NoHostIdentity,
            _ => AwsErrorKind::HostIdentityFailed,
        };
        Self::new(&Identity::Host, kind, fault.into())
    }

    /// The failure of a library that panicked or was stopped.
    pub(crate) fn interrupted(identity: &Identity) -> Self {
        Self::new(identity, AwsErrorKind::HostIdentityFailed, "it ended without an answer".into())
    }

    pub(crate) fn in_region(self, region: Region) -> Self {
        Self { region: Some(region), ..self }
    }

    /// The reason why this call, in this Region, could not be made.
    pub(crate) fn into_aws_error(self, context: &ErrorContext, region: Option<&Region>) -> AwsError {
        let error = context.error(self.kind, self.region.as_ref().or(region));
        AwsError { identity: self.identity, source: Some(Box::new(SharedServiceError(self.source))), ..error }
    }
}
