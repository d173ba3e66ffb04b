//! The tasks and containers of the plan.

use crate::error::{Failure, Printable};
use crate::task::{ContainerName, Warning};

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
    pub warnings: Vec<Warning>,
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
