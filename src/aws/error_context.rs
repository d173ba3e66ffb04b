//! The parts of an [`AwsError`] that do not depend on the answer.

use aws_config::Region;

use crate::aws::sdk_error::FailedCall;
use crate::aws::{AwsCall, AwsError, AwsErrorKind, AwsResource, TokenScope};
use crate::identity::Identity;
use crate::task::CredentialsParameter;

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
        AwsError { call, resource, identity, region: region.map(ToString::to_string), kind, source: None }
    }

    /// The error of a call that failed in this Region.
    pub(crate) fn call_error(&self, FailedCall { kind, message }: FailedCall, region: &Region) -> AwsError {
        AwsError { source: Some(message), ..self.error(kind, Some(region)) }
    }
}
