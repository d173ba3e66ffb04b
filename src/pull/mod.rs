//! Pulls: a plan carried out on an engine, each image with its own credential.
//!
//! Every wait is bounded here, whatever the engine does. [`run`] owns every pull it starts:
//! there is no detached task, dropping it drops them all, and the engine stops an abandoned
//! pull when its connection closes.

mod attempt;
mod behavior;
mod course;
mod disk;
mod guarded;
mod missed;
mod movement;
mod one;
mod outcome;
mod progress;
mod pull_error;
mod reach;
mod retry_after;
mod schedule;
mod tags;
#[cfg(test)]
mod tests;
mod through;
mod traced;
mod traffic;

pub use behavior::{Behavior, Caching, OnRefusal};
pub use disk::{DiskCheck, DiskLimits, Filled, Shortage};
pub use one::Deadlines;
pub use outcome::{How, Outcome, Pulled, Retry};
pub use progress::{Layers, Progress, State};
pub use pull_error::PullError;
pub use reach::reach;
pub use schedule::{Limits, not_begun, run};
pub use traffic::{Concurrency, Traffic};
