//! The failure to obtain credentials for an identity, before it is known which call needs them.

use std::sync::Arc;

use aws_config::Region;

use crate::aws::error_context::ErrorContext;
use crate::aws::{AwsError, AwsErrorKind, ServiceError};
use crate::identity::Identity;

/// The credentials of an identity could not be obtained. The error is cloneable, because several
/// calls may wait for the same credentials.
#[derive(Clone, Debug)]
pub(crate) struct IdentityError {
    /// The identity that failed: the one that was requested, or one that it is assumed from.
    pub identity: Identity,
    pub kind: AwsErrorKind,
    /// The Region where STS was called, which may differ from the Region of the resource.
    region: Option<Region>,
    source: Arc<ServiceError>,
}

/// The message of a service that several errors share.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct SharedServiceError(Arc<ServiceError>);

impl IdentityError {
    pub(crate) fn new(identity: &Identity, kind: AwsErrorKind, source: ServiceError) -> Self {
        Self { identity: identity.clone(), kind, region: None, source: Arc::new(source) }
    }

    /// The error when taskpull's own deadline passes.
    pub(crate) fn timed_out(identity: &Identity) -> Self {
        let kind = match identity {
            Identity::Host => AwsErrorKind::HostIdentityFailed,
            Identity::ExecutionRole(_) | Identity::AccountRole(_) => AwsErrorKind::RoleUnavailable,
        };
        Self::new(identity, kind, "no answer in time".into())
    }

    /// The error when a library panicked or was stopped.
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
