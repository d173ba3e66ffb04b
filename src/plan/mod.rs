//! The plan: which images are pulled, with which credentials, each once.
//!
//! The module is pure: task definitions in, [`PullPlan`] out. Equal images with equal needs are one
//! pull, however many containers and tasks use them (A20). Equal images with different needs stay
//! separate, because a task never gains from the access of another task.

mod credential_selection;
mod need;
mod plan_context;
mod planned_pull;
mod pull_plan;
mod registry;
mod registry_map;
mod registry_map_error;
mod rewrite_error;
mod rewrites;
mod runtime_platform_error;
#[cfg(test)]
mod tests;

pub use need::{HostLogin, HostLoginSource, Need};
pub use plan_context::PlanContext;
pub use planned_pull::{PlannedContainer, PlannedPull, PlannedTask};
pub use pull_plan::PullPlan;
pub use registry::{EcrHostError, EcrRegistry, RegistryKind};
pub use registry_map::{RegistryMap, RegistryMapEntry};
pub use registry_map_error::RegistryMapError;
pub use rewrite_error::{ImageRewriteError, RewriteError};
pub use rewrites::Rewrites;
