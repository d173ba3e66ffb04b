//! The state of one pull, as observers see it.

use super::layer_progress::LayerTotals;
use super::pull_outcome::FailedAttempt;
use super::pulled_image::PulledImage;
use crate::error::{Failure, Warning};

/// The state of one pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullState {
    /// The pull waits for the engine and for its credential.
    Authorizing,
    /// The pull waits for a permit.
    Waiting,
    /// The image is on the engine, and the registry is asked whether this task may use it.
    Verifying,
    /// The engine pulls the image.
    Pulling(LayerTotals),
    /// The pull continues, with a warning for the user.
    Warned(Warning),
    /// An attempt failed and another one follows.
    Retrying(FailedAttempt),
    /// The pull-through cache is unavailable; the pull falls back to the upstream registry.
    AskingUpstream(Failure),
    /// The pull failed and a cached image is used instead.
    FallingBack(Failure),
    /// The image is available on the engine.
    Done(PulledImage),
    /// The image could not be pulled.
    Failed(Failure),
}

/// Receives the state changes of the pulls of a run.
pub trait ProgressObserver: Send + Sync {
    /// Called at each change of a pull; `pull` is its index in the plan. It must not block.
    fn update(&self, pull: usize, state: &PullState);
}

/// Receives the state changes of one pull.
pub(super) type PullObserver<'a> = &'a (dyn Fn(&PullState) + Send + Sync);
