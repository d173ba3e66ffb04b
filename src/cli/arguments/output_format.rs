//! The value of `--output`.

use clap::ValueEnum;

/// The format of a command's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum OutputFormat {
    /// For people
    Text,
    /// For programs
    Json,
}
