//! Pulls: a plan carried out on an engine, each image with its own credential.
//!
//! Every wait is bounded here, whatever the engine does. [`run`] owns every pull it starts:
//! there is no detached task, dropping it drops them all, and the engine stops an abandoned
//! pull when its connection closes.

mod attempt;
mod behavior;
mod disk;
mod disk_guard;
mod fallback;
mod image_pull;
mod last_activity;
mod outcome;
mod progress;
mod pull_error;
mod pull_failure;
mod pull_limiter;
mod reach;
mod retry_after;
mod retry_loop;
mod scheduler;
mod spans;
mod tag_resolutions;
#[cfg(test)]
mod tests;

pub use behavior::Caching;
pub use disk::{DiskFull, DiskLimits, Shortage};
pub use outcome::{FailedAttempt, PullOutcome, PullResultKind, PulledImage};
pub use progress::{LayerTotals, ProgressObserver, PullState};
pub use pull_error::PullError;
pub use pull_limiter::{Concurrency, PullLimiter};
pub use reach::reach;
pub use retry_loop::Deadlines;
pub use scheduler::{PullLimits, not_begun, run};
