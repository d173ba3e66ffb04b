//! One pull of the plan.

use super::need::Need;
use crate::error::{Failure, Printable};
use crate::task::{ContainerName, DefinitionWarning, ImageReference, Platform};

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

/// One task definition in the plan.
#[derive(Debug)]
pub struct PlannedTask {
    /// The name of the input: a path, or `-`.
    pub source: Printable,
    /// The family, if the definition has one.
    pub family: Option<Printable>,
    /// The containers in the order of the definition.
    pub containers: Vec<PlannedContainer>,
    /// Warnings about parts that are allowed and probably a mistake.
    pub warnings: Vec<DefinitionWarning>,
}

/// One container in the plan.
#[derive(Debug)]
pub struct PlannedContainer {
    /// Container name, as in the task definition.
    pub name: ContainerName,
    /// The image with defaults filled in, or the text of the definition if it is not a reference.
    pub image: Printable,
    /// The host of the image's registry, if the image is a reference.
    pub registry: Option<String>,
    /// The index of the container's pull in [`super::PullPlan::pulls`], or why it has none.
    pub pull: Result<usize, Failure>,
}
