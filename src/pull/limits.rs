//! The limits of a run: concurrency, deadlines, retries, disk space.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::disk::DiskLimits;
use super::policy::CachePolicy;
use crate::retry::Backoff;

/// The maximum number of concurrent pulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// Maximum over all registries.
    pub all: NonZeroUsize,
    /// Maximum for each registry.
    pub per_registry: NonZeroUsize,
}

/// The longest time that each kind of wait may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Limit for an engine's answer to any request other than a pull.
    pub answer: Duration,
    /// Limit for the first message of a pull.
    pub begin: Duration,
    /// Limit without progress after the first message. While a pull waits inside the engine for
    /// other pulls, their progress counts too.
    pub idle: Duration,
    /// Limit for the absence of the engine, for example during a restart.
    pub restart: Duration,
    /// Limit for a whole pull with all its attempts, from its first permit.
    pub total: Duration,
}

/// The limits and policies that apply to every pull of a run.
#[derive(Clone, Copy, Debug)]
pub struct PullLimits {
    /// When a cached image may be used instead of a pull.
    pub cache_policy: CachePolicy,
    /// When disk space is checked, and what a shortage leads to.
    pub disk: DiskLimits,
    /// When a wait ends.
    pub deadlines: Deadlines,
    /// The number of attempts, and the waits between them.
    pub backoff: Backoff,
    /// Whether the first failure cancels every pull that has not finished.
    pub fail_fast: bool,
}
