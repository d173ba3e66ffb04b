//! Why a way did not lead to the image, while it is decided what serves instead of it.

use crate::error::{Class, Failure, Link, Printable};
use crate::task::ImageReference;

/// A pull that did not bring its image.
pub(super) struct PullFailure {
    /// Why not. Copies and other ways are decided by this.
    pub(super) failure: Failure,
    /// The outage behind which there may be a newer credential than the one that was refused.
    unread: Option<Failure>,
}

impl From<Failure> for PullFailure {
    fn from(failure: Failure) -> Self {
        Self { failure, unread: None }
    }
}

impl PullFailure {
    /// A refusal, after which the credential could not be asked for again.
    pub(super) fn in_doubt(refusal: Failure, unread: &Failure) -> Self {
        if unread.is_outage() {
            return Self { unread: Some(unread.clone()), failure: refusal };
        }
        // What the registry said is what the reader must hear.
        tracing::info!(resource = %refusal.resource, failure = %unread.message, "the credential could not be asked for again");
        refusal.into()
    }

    /// A pull whose credential was refused for another one, and is not shown for this.
    pub(super) fn refused_before(image: &ImageReference, unread: &Failure) -> Self {
        let message = Printable::new(&format!("the credential was refused for another image of {}", image.name()));
        let (resource, caused_by) = (Printable::new(&image.to_string()), Vec::new());
        let refusal = Failure { link: Link::Registry, class: Class::Refused, resource, message, caused_by, hint: None };
        Self { failure: refusal, unread: Some(unread.clone()) }
    }

    /// What the reader is told, and whoever decides whether to try again. A refusal is for
    /// good; one in doubt may pass with the outage, and is the first of that failure's causes.
    pub(super) fn into_failure(self) -> Failure {
        let Self { failure: refusal, unread } = self;
        let Some(outage) = unread else { return refusal };
        let refused = Printable::new(&format!("whether there is a newer credential is not known; {}", refusal.message));
        let caused_by = [refused].into_iter().chain(refusal.caused_by).chain(outage.caused_by).collect();
        Failure { caused_by, ..outage }
    }
}
