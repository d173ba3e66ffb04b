//! Progress where nothing can be redrawn: a line when a pull begins, is tried again, falls
//! back, and ends.

use super::words::{ending, why};
use crate::pipeline::{Retry, State};

/// The line for this state, if there is one.
pub(super) fn line(image: &str, state: &State) -> Option<String> {
    let said = match state {
        State::Pulling(layers) if layers.total == 0 => "pulling".to_owned(),
        State::Authorizing | State::Waiting | State::Verifying | State::Warned(_) | State::Pulling(_) => return None,
        State::Retrying(Retry { attempt, wait, failure }) => {
            format!("attempt {attempt} in {:.1} s: {}", wait.as_secs_f64(), why(failure))
        }
        State::AskingUpstream(failure) => format!("the upstream is asked instead of the rule: {}", why(failure)),
        State::FallingBack(failure) => format!("the copy on the engine serves instead: {}", why(failure)),
        State::Done(pulled) => ending(pulled).to_owned(),
        State::Failed(failure) if failure.was_stopped() => "cancelled".to_owned(),
        State::Failed(failure) => format!("failed: {}", why(failure)),
    };
    Some(format!("{image}: {said}"))
}
