//! One pull of the plan.

use super::need::Need;
use crate::task::{ImageReference, Platform};

/// One pull: an image and the credential that it needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlannedPull {
    /// The image as the task definition names it.
    pub image: ImageReference,
    /// The kind of credential that the image's registry requires.
    pub need: Need,
    /// The platform of the image; `None` if neither the task nor the operator specifies one.
    pub platform: Option<Platform>,
    /// The same image behind a pull-through cache rule, which is tried first. That pull has no
    /// further route.
    pub pull_through: Option<Box<PlannedPull>>,
}

impl PlannedPull {
    /// The routes to the image, in the order in which they are tried.
    pub fn routes(&self) -> impl Iterator<Item = &Self> {
        self.pull_through.as_deref().into_iter().chain([self])
    }

    /// The route that is tried first.
    #[must_use]
    pub fn first_route(&self) -> &Self {
        self.pull_through.as_deref().unwrap_or(self)
    }
}
