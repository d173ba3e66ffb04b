//! ExitCode codes: one table, from which the documentation is generated.

use super::{Class, Failure, Link};
use std::fmt::Write as _;

/// How the program ends. The numbers are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Everything asked for was done, or is so.
    Good,
    /// taskpull itself could not go on.
    Internal,
    /// The command line is wrong.
    Usage,
    /// At least one image is not there.
    SomeFailed,
    /// Only the input was at fault.
    BadInput,
    /// There is no Docker Engine that can be asked.
    NoEngine,
    /// The configuration is wrong.
    Configuration,
    /// The agent that was asked did not do it.
    NoAgent,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl ExitCode {
    /// Every way to end.
    pub const ALL: [Self; 9] = [
        Self::Good,
        Self::Internal,
        Self::Usage,
        Self::SomeFailed,
        Self::BadInput,
        Self::NoEngine,
        Self::Configuration,
        Self::NoAgent,
        Self::Interrupted,
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::SomeFailed => 3,
            Self::BadInput => 4,
            Self::NoEngine => 5,
            Self::Configuration => 6,
            Self::NoAgent => 7,
            Self::Interrupted => 130,
        }
    }

    /// What it means.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Good => {
                "every image is there (or, with `--dry-run`, every container could be planned); the secret is made, is as it should be, or serves; the login was given"
            }
            Self::Internal => {
                "taskpull itself could not go on: the result could not be written, or the runtime not be started; for Docker's credential helper, whatever keeps it from giving a login"
            }
            Self::Usage => "the command line is wrong",
            Self::SomeFailed => {
                "at least one image is not there, or (`--pin`) has no digest, or (`secret`, `credential kubelet`, `login-password`) AWS refused, what is there differs, or a point of the check is wrong; what is said says why"
            }
            Self::BadInput => {
                "nothing failed but the input: unreadable files, malformed containers, a text that cannot be a login or a token"
            }
            Self::NoEngine => "the Docker Engine could not be reached, went away, or speaks no API known here",
            Self::Configuration => "a setting or the configuration file is wrong",
            Self::NoAgent => "the agent (`pull --agent`, `status`, `cancel`) could not be reached, or refused",
            Self::Interrupted => "ended by Ctrl-C or SIGTERM; what was done is reported",
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
            _ => ExitCode::SomeFailed,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(exit: ExitCode) -> Self {
        Self::from(exit.code())
    }
}

/// The table as Markdown, for `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("| code | meaning |\n|---|---|\n");
    for exit in ExitCode::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} | {} |", exit.code(), exit.meaning());
    }
    text
}
