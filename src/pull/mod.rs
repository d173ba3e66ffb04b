//! Pulls the images of a plan through an engine, each with its own credential.
//!
//! Owns the state machine of one image, its retries, its permits, the pull behavior, the fallback
//! to the upstream registry and the disk check.
//!
//! Invariants: every wait is bounded here, whatever the engine does. [`run`] owns every pull it
//! starts; there is no detached task. Dropping `run` drops all pulls, and the engine stops an
//! abandoned pull when its connection closes.
//!
//! This module must not know AWS, nor interpret an engine's message; that is `answers`.

mod attempt_budget;
mod disk;
mod disk_guard;
mod idle_timer;
mod image_key;
mod image_pull;
mod last_activity;
mod layer_progress;
mod limiter;
mod limits;
mod platforms;
mod policy;
mod pull_attempt;
mod pull_error;
mod pull_failure;
mod pull_mode;
mod pull_outcome;
mod pull_stage;
mod pull_state;
mod pull_stats;
mod pulled_image;
mod reach;
mod retry_loop;
mod route;
mod route_pull;
mod run_context;
mod scheduler;
mod spans;
mod tag_resolutions;
#[cfg(test)]
mod tests;

pub use disk::{DiskFull, DiskLimits, Shortage};
pub use layer_progress::LayerTotals;
pub use limiter::PullLimiter;
pub use limits::{Concurrency, Deadlines, PullLimits};
pub use policy::CachePolicy;
pub use pull_error::{CancelReason, PullError};
pub use pull_outcome::{FailedAttempt, PullOutcome};
pub use pull_stage::PullStage;
pub use pull_state::{ProgressObserver, PullState};
pub use pulled_image::{PullResultKind, PulledImage};
pub use reach::reach;
pub use scheduler::{cancelled_outcomes, run};
