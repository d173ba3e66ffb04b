//! The pull that an event is about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Printable;
use crate::plan::{PlannedPull, PullPlan};

/// The pull that an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Index of the pull in the plan, from 0. Two pulls may have the same image, with different
    /// credentials.
    pub pull: usize,
    /// Image, with registry and tag.
    pub image: Printable,
    /// Requested platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted_platform: Option<String>,
    /// The containers that use the image.
    pub containers: Vec<ContainerRef>,
}

/// A container that uses an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerRef {
    /// Where its task definition was read from.
    pub source: Printable,
    /// Container name, as in the task definition.
    pub name: String,
}

impl Subject {
    /// One subject for each pull of a plan, in the plan's order.
    #[must_use]
    pub fn from_plan(plan: &PullPlan) -> Vec<Self> {
        let subject = |(index, pull): (usize, &PlannedPull)| Self {
            pull: index,
            image: Printable::new(&pull.image.to_string()),
            wanted_platform: pull.platform.as_ref().map(ToString::to_string),
            containers: Vec::new(),
        };
        let mut subjects: Vec<_> = plan.pulls.iter().enumerate().map(subject).collect();
        for task in &plan.tasks {
            for container in &task.containers {
                if let Ok(pull) = container.pull {
                    let container = ContainerRef { source: task.source.clone(), name: container.name.to_string() };
                    subjects[pull].containers.push(container);
                }
            }
        }
        subjects
    }
}
