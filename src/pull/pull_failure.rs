//! Why a route failed, while a fallback is still possible.

use super::pull_error::PullError;
use crate::error::{Class, Failure, Link, Printable};
use crate::task::ImageReference;

/// A failed pull, whose refusal may be provisional.
pub(super) struct PullFailure {
    /// The failure that decides about a fallback.
    pub(super) failure: Failure,
    /// The outage that hides whether the secret has a newer version than the refused one.
    outage: Option<Failure>,
}

impl From<Failure> for PullFailure {
    fn from(failure: Failure) -> Self {
        Self { failure, outage: None }
    }
}

impl From<PullError> for PullFailure {
    fn from(error: PullError) -> Self {
        Failure::from(error).into()
    }
}

impl PullFailure {
    /// A refusal after which the credential could not be read again.
    pub(super) fn provisional(refusal: Failure, refresh_error: &Failure) -> Self {
        if refresh_error.is_outage() {
            return Self { failure: refusal, outage: Some(refresh_error.clone()) };
        }
        // The refusal by the registry is what the user must see.
        tracing::info!(resource = %refusal.resource, error = %refresh_error.message, "credential could not be read again after a refusal");
        refusal.into()
    }

    /// A pull that was not attempted, because its credential is quarantined.
    pub(super) fn credential_quarantined(image: &ImageReference, outage: &Failure) -> Self {
        let message = format!("the registry already refused this credential for another image of {}", image.name());
        let refusal = Failure {
            link: Link::Registry,
            class: Class::Refused,
            resource: Printable::new(&image.to_string()),
            message: Printable::new(&message),
            caused_by: Vec::new(),
            hint: None,
        };
        Self { failure: refusal, outage: Some(outage.clone()) }
    }

    /// The failure that is reported, and that decides whether a job is retried. A refusal is
    /// final. A provisional one is reported as the outage, which may pass, with the refusal as its
    /// first cause.
    pub(super) fn into_failure(self) -> Failure {
        let Self { failure: refusal, outage } = self;
        let Some(outage) = outage else { return refusal };
        let message = Printable::new(&format!("cannot tell whether there is a newer credential; {}", refusal.message));
        let caused_by = [message].into_iter().chain(refusal.caused_by).chain(outage.caused_by).collect();
        Failure { caused_by, ..outage }
    }
}
