//! One error for every AWS call.

use std::fmt;

use crate::aws::explanation::{CallFacts, Explanation};
use crate::aws::{AwsCall, AwsErrorKind, AwsResource, ServiceError, TokenScope};
use crate::error::{Class, Explain, Link};
use crate::identity::Identity;
use crate::task::CredentialsParameter;

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
}

impl AwsError {
    /// A failure to read a secret, before its Region is known.
    #[must_use]
    pub fn for_secret(secret: &CredentialsParameter, identity: &Identity, kind: AwsErrorKind) -> Self {
        let resource = AwsResource::Secret(secret.clone());
        Self { call: AwsCall::GetSecretValue, resource, identity: identity.clone(), region: None, kind, source: None }
    }

    /// A failure to obtain a registry token.
    #[must_use]
    pub fn for_token(scope: &TokenScope, identity: &Identity, kind: AwsErrorKind) -> Self {
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

    fn explanation(&self) -> Explanation {
        let Self { call, resource, identity, region, kind, .. } = self;
        let (call, region, permission) = (*call, region.as_deref(), self.permission());
        CallFacts { call, resource, identity, region, permission }.explain(*kind)
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
