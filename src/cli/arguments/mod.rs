//! The arguments of every command, and the help that explains them.
//!
//! Only this module and its tests know clap.

mod agent_arguments;
mod command_line;
mod credential_arguments;
mod output_format;
mod pull_arguments;
mod secret_arguments;

pub(super) use agent_arguments::{CancelArguments, ServeArguments, StatusArguments};
pub use command_line::command;
pub(super) use command_line::{Arguments, Command, parse};
pub(super) use credential_arguments::{CredentialCommand, DockerArguments, KubeletArguments, LoginPasswordArguments};
pub(super) use output_format::OutputFormat;
pub(super) use pull_arguments::{PullArguments, STDOUT};
pub(super) use secret_arguments::{CheckArguments, NewArguments, SealArguments, SecretCommand};
