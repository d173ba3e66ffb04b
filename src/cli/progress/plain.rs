//! Progress where nothing can be redrawn: a line when a pull begins, is tried again, falls
//! back, and ends.

use super::labels::{ending, why};
use crate::pipeline::{FailedAttempt, PullState};

/// The line for this state, if there is one.
pub(super) fn line(image: &str, state: &PullState) -> Option<String> {
    let said = match state {
        PullState::Pulling(layers) if layers.total == 0 => "pulling".to_owned(),
        PullState::Authorizing
        | PullState::Waiting
        | PullState::Verifying
        | PullState::Warned(_)
        | PullState::Pulling(_) => return None,
        PullState::Retrying(FailedAttempt { attempt, wait, failure }) => {
            format!("attempt {attempt} in {:.1} s: {}", wait.as_secs_f64(), why(failure))
        }
        PullState::AskingUpstream(failure) => format!("the upstream is asked instead of the rule: {}", why(failure)),
        PullState::FallingBack(failure) => format!("the copy on the engine serves instead: {}", why(failure)),
        PullState::Done(pulled) => ending(pulled).to_owned(),
        PullState::Failed(failure) if failure.was_stopped() => "cancelled".to_owned(),
        PullState::Failed(failure) => format!("failed: {}", why(failure)),
    };
    Some(format!("{image}: {said}"))
}
