//! What the failures of a report have in common.

use super::Report;
use crate::error::{ExitCode, Failure, Link};

/// What the failures of a report have in common; it decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No failure.
    Good,
    /// Only the input was at fault.
    BadInput,
    /// No engine could be asked.
    NoEngine,
    /// Somebody ended it.
    Cancelled,
    /// Anything else.
    SomeFailed,
}

impl Report {
    /// Every failure in it.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        let containers = self.tasks.iter().flat_map(|task| &task.containers);
        self.invalid_inputs.iter().chain(containers.filter_map(|container| container.failure.as_ref()))
    }

    /// What the failures have in common.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        // What was stopped because of a failure says nothing of its own.
        let causes = || self.failures().filter(|failure| !failure.was_stopped());
        if self.failures().next().is_none() {
            Verdict::Good
        } else if causes().next().is_none() {
            Verdict::Cancelled
        } else if causes().any(|failure| failure.exit_code() == ExitCode::NoEngine) {
            Verdict::NoEngine
        } else if causes().all(|failure| failure.link == Link::Definition) {
            Verdict::BadInput
        } else {
            Verdict::SomeFailed
        }
    }
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Good => Self::Success,
            Verdict::BadInput => Self::BadInput,
            Verdict::NoEngine => Self::NoEngine,
            Verdict::SomeFailed => Self::Failed,
            Verdict::Cancelled => Self::Interrupted,
        }
    }
}
