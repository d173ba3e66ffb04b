//! The command line as a whole.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::agent_arguments::{CancelArguments, ServeArguments, StatusArguments};
use super::credential_arguments::{CredentialCommand, LoginPasswordArguments};
use super::pull_arguments::PullArguments;
use super::secret_arguments::SecretCommand;
use crate::error::ExitCode;

/// Pull the private images of an ECS task definition to this host, with each container's own
/// credentials.
#[derive(Debug, Parser)]
#[command(name = "taskpull", version, arg_required_else_help = true)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Resolve the credentials of each container and pull its image
    Pull(PullArguments),
    /// Run the agent: accept pull requests on a socket, and prefetch images
    Serve(ServeArguments),
    /// Show the agent's requests
    Status(StatusArguments),
    /// Cancel requests of the agent
    Cancel(CancelArguments),
    /// Create, check and encrypt registry secrets
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Credential helper for Docker, credential provider for the kubelet
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// Print a registry's password, for `docker login --password-stdin`
    LoginPassword(LoginPasswordArguments),
}

/// The definition of the command line, with the exit codes at the end of its help. Manual pages and
/// shell completions are generated from it.
#[must_use]
pub fn command() -> clap::Command {
    let codes: Vec<String> =
        ExitCode::ALL.iter().map(|exit| format!("  {:3}  {}", exit.code(), exit.meaning())).collect();
    Arguments::command().after_help(format!("Exit codes:\n{}", codes.join("\n")))
}

/// Parses the command line; the first argument is the name of the program.
pub(in crate::cli) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut command = command();
    let arguments = Arguments::from_arg_matches(&command.try_get_matches_from_mut(arguments)?)?;
    let conflict = if let Command::Pull(pull) = &arguments.command { pull.conflict() } else { None };
    match conflict {
        Some(message) => Err(command.error(ErrorKind::ArgumentConflict, message)),
        None => Ok(arguments),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn clap_accepts_the_definition_of_the_arguments() {
        super::command().debug_assert();
    }
}
