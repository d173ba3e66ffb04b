//! The one place that joins the stages: definition, plan, credential, pull, report.
//!
//! It holds no logic of a stage. The commands, the agent and the credential protocols call it.

#[cfg(feature = "ecs")]
mod ecs_cluster;
mod input;
mod login_provider;
mod missing_input;
mod pin;
mod pull_run;

#[cfg(feature = "ecs")]
pub use ecs_cluster::EcsCluster;
pub use input::{Input, InputError, read_at_most, read_definition};
pub use login_provider::{IssuedLogin, LoginProvider};
pub use pin::{PinError, pin_definitions};
pub use pull_run::PullRun;
