//! Exit codes: one table, from which the documentation is generated.

use std::fmt::Write as _;

use super::{Class, Failure, Link};

/// The exit code of the program. The numbers are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Everything that was asked for is done.
    Success,
    /// taskpull itself cannot continue.
    Internal,
    /// The command line is wrong.
    Usage,
    /// At least one image could not be pulled, or a check failed.
    Failed,
    /// Only the input is wrong.
    BadInput,
    /// No usable Docker Engine answers.
    NoEngine,
    /// The configuration is wrong.
    Configuration,
    /// The agent cannot be reached or refused the request.
    NoAgent,
    /// Ctrl-C or SIGTERM ended the program.
    Interrupted,
}

impl ExitCode {
    /// Every exit code, in the order of the numbers.
    pub const ALL: [Self; 9] = [
        Self::Success,
        Self::Internal,
        Self::Usage,
        Self::Failed,
        Self::BadInput,
        Self::NoEngine,
        Self::Configuration,
        Self::NoAgent,
        Self::Interrupted,
    ];

    /// The number that the process returns.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Failed => 3,
            Self::BadInput => 4,
            Self::NoEngine => 5,
            Self::Configuration => 6,
            Self::NoAgent => 7,
            Self::Interrupted => 130,
        }
    }

    /// The meaning of the code, as the help text and the documentation show it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Internal => {
                "taskpull itself failed: it could not write the result or start its runtime; for Docker's credential helper, anything that prevents a login"
            }
            Self::Usage => "the command line is wrong",
            Self::Failed => {
                "at least one image could not be pulled or (`--pin`) has no digest; or, for `secret`, `credential kubelet` and `login-password`, AWS refused, the secret differs, or a check failed; details are on stderr"
            }
            Self::BadInput => {
                "only the input is wrong: unreadable files, malformed containers, a text that cannot be a login or a token"
            }
            Self::NoEngine => {
                "the Docker Engine could not be reached, stopped answering, or supports no API version that taskpull supports"
            }
            Self::Configuration => "a setting or the configuration file is wrong",
            Self::NoAgent => {
                "the agent (`pull --agent`, `status`, `cancel`) could not be reached, or refused the request"
            }
            Self::Interrupted => "Ctrl-C or SIGTERM ended the command; the report shows what was done",
        }
    }
}

impl Failure {
    /// The exit code of a command that ends because of this failure alone.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match (self.link, self.class) {
            (_, Class::EngineGone) | (Link::Engine, Class::Unsupported) => ExitCode::NoEngine,
            (_, Class::Cancelled) if self.was_stopped() => ExitCode::Interrupted,
            (Link::Configuration, _) => ExitCode::Configuration,
            (Link::Definition, _) => ExitCode::BadInput,
            (Link::Agent, _) => ExitCode::NoAgent,
            _ => ExitCode::Failed,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(exit: ExitCode) -> Self {
        Self::from(exit.code())
    }
}

/// The table of exit codes as Markdown, for `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("| code | meaning |\n|---|---|\n");
    for exit in ExitCode::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} | {} |", exit.code(), exit.meaning());
    }
    text
}
