//! Errors that end a command before it has a result.

use std::fmt::Display;
use std::sync::Arc;

use super::terminal::stderr::{print_failure, print_line};
use crate::error::{ExitCode, Failure};

/// An error that ends a command before it has a result, with the exit code.
#[derive(Debug)]
pub(super) enum CommandError {
    /// A failure on the chain from the definition to the pull, or in the settings.
    Failure(Arc<Failure>, ExitCode),
    /// An error of this process, such as a closed stdin. The text names the cause.
    Message(String, ExitCode),
    /// Ctrl-C or SIGTERM; the user needs no explanation.
    Interrupted,
}

impl CommandError {
    pub(super) fn new(failure: impl Into<Failure>, exit_code: ExitCode) -> Self {
        Self::Failure(Arc::new(failure.into()), exit_code)
    }

    pub(super) fn configuration(failure: impl Into<Failure>) -> Self {
        Self::new(failure, ExitCode::Configuration)
    }

    pub(super) fn usage(failure: impl Into<Failure>) -> Self {
        Self::new(failure, ExitCode::Usage)
    }

    pub(super) fn stdin(error: impl Display) -> Self {
        Self::Message(format!("cannot read stdin: {error}"), ExitCode::BadInput)
    }

    pub(super) fn output(error: impl Display) -> Self {
        Self::Message(format!("cannot write the result: {error}"), ExitCode::Internal)
    }

    pub(super) fn runtime(error: impl Display) -> Self {
        Self::Message(format!("cannot start the async runtime: {error}"), ExitCode::Internal)
    }

    pub(super) fn signals(error: impl Display) -> Self {
        Self::Message(format!("cannot install the signal handlers: {error}"), ExitCode::Internal)
    }

    /// Prints the error on stderr and returns the exit code.
    pub(super) fn print(self) -> ExitCode {
        match self {
            Self::Failure(failure, exit_code) => {
                print_failure(&failure);
                exit_code
            }
            Self::Message(text, exit_code) => {
                print_line(&format!("error: {text}"));
                exit_code
            }
            Self::Interrupted => ExitCode::Interrupted,
        }
    }
}
