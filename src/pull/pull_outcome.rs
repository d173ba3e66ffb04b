//! The result of one pull, with its statistics.

use std::time::Duration;

use super::pulled_image::PulledImage;
use crate::credential::Provenance;
use crate::error::{Failure, Warning};

/// The result of one pull, with its statistics.
#[derive(Clone, Debug)]
pub struct PullOutcome {
    /// The image, or why it could not be pulled.
    pub result: Result<PulledImage, Failure>,
    /// Where the credential came from; `None` if the pull never acquired a permit.
    pub provenance: Option<Provenance>,
    /// How long the pull waited for its first permit.
    pub waited: Duration,
    /// Time from the first permit to the end.
    pub duration: Duration,
    /// Number of attempts that were started; 0 if the engine was never asked to pull.
    pub attempts: u32,
    /// Warnings for the user, whatever the result.
    pub warnings: Vec<Warning>,
    /// Why the pull fell back from the pull-through cache to the upstream registry.
    pub fallback: Option<Box<Failure>>,
    /// The attempts that failed and were followed by another one.
    pub retries: Vec<FailedAttempt>,
}

/// An attempt that failed and was followed by another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Number of the next attempt; the first attempt has number 1.
    pub attempt: u32,
    /// The wait before the next attempt.
    pub wait: Duration,
    /// Why this attempt failed.
    pub failure: Failure,
}
