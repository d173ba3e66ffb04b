//! Progress without a terminal: one line when a pull starts, is retried, falls back, and ends.

use super::labels::{cause, result};
use crate::pull::{FailedAttempt, PullState};

/// The line for a new state; `None` for a state without a line.
pub(super) fn line(image: &str, state: &PullState) -> Option<String> {
    let text = match state {
        PullState::Pulling(layers) if layers.total == 0 => "pulling".to_owned(),
        PullState::Authorizing
        | PullState::Waiting
        | PullState::Verifying
        | PullState::Warned(_)
        | PullState::Pulling(_) => return None,
        PullState::Retrying(FailedAttempt { attempt, wait, failure }) => {
            format!("attempt {attempt} in {:.1} s: {}", wait.as_secs_f64(), cause(failure))
        }
        PullState::AskingUpstream(failure) => format!("falling back to the upstream registry: {}", cause(failure)),
        PullState::FallingBack(failure) => format!("falling back to the cached image: {}", cause(failure)),
        PullState::Done(image) => result(image).to_owned(),
        PullState::Failed(failure) if failure.was_stopped() => "cancelled".to_owned(),
        PullState::Failed(failure) => format!("failed: {}", cause(failure)),
    };
    Some(format!("{image}: {text}"))
}
