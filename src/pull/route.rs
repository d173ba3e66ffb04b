//! A route to an image: through a pull-through cache, or from the upstream registry.

use super::policy::fallback;
use crate::credential::Credential;
use crate::error::Failure;
use crate::plan::PlannedPull;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RouteKind {
    /// Through a pull-through cache rule; the upstream registry is the fallback.
    PullThroughCache,
    /// From the registry that the image reference names; there is no other route after it.
    Upstream,
}

/// A route to an image, with the credential for its registry.
pub(super) struct Route<'a> {
    pub(super) kind: RouteKind,
    pub(super) pull: &'a PlannedPull,
    pub(super) credential: Credential,
}

impl Route<'_> {
    /// Whether another route may be tried after this one.
    pub(super) fn has_fallback(&self) -> bool {
        self.kind == RouteKind::PullThroughCache
    }

    /// Whether the pull continues on the other route after this failure.
    pub(super) fn should_fall_back(&self, failure: &Failure) -> bool {
        self.has_fallback() && fallback::should_fall_back(failure.link, failure.class)
    }
}
