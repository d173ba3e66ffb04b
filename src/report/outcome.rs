//! The outcome of a run, which decides the exit code.

use crate::error::ExitCode;

/// What the failures of a report have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// The report has no failure.
    Success,
    /// Every failure is one of the input.
    InvalidInput,
    /// The engine could not be reached, or went away.
    EngineUnreachable,
    /// The run was cancelled, and nothing else failed.
    Cancelled,
    /// At least one failure has another reason.
    Failed,
}

impl From<RunOutcome> for ExitCode {
    fn from(outcome: RunOutcome) -> Self {
        match outcome {
            RunOutcome::Success => Self::Success,
            RunOutcome::InvalidInput => Self::BadInput,
            RunOutcome::EngineUnreachable => Self::NoEngine,
            RunOutcome::Failed => Self::Failed,
            RunOutcome::Cancelled => Self::Interrupted,
        }
    }
}
