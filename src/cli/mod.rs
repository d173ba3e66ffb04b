//! The command line: arguments, one file for each command, and what goes to the terminal.
//!
//! Data goes to stdout, everything else to stderr.

mod agent_client;
mod arguments;
mod cancel;
mod cluster;
mod credential;
mod credential_arguments;
mod events;
mod input;
mod log;
mod pin;
mod progress;
mod pull;
mod pull_via_agent;
mod secret;
mod secret_arguments;
mod secret_check;
mod secret_new;
mod serve;
mod setup;
mod signals;
mod status;
mod stderr;
mod token;

use std::ffi::OsString;
use std::path::Path;
use std::process;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use crate::credential_protocols::docker::PROGRAM;
use crate::error::ExitCode;
use crate::error::Failure;
use crate::report::text::failure_text;
use arguments::{Command, SecretCommand};
use credential_arguments::{CredentialCommand, Docker};
use stderr::tell;

/// Runs the program.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> process::ExitCode {
    refuse_to_be_read();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(operation) = as_docker_helper(&arguments) {
        return credential::docker(&Docker { operation, config: None }).into();
    }
    let arguments = match arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing to be done about a closed terminal.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::Usage.into() } else { ExitCode::Success.into() };
        }
    };
    let exit = match arguments.command {
        Command::Pull(arguments) => pull::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Credential(CredentialCommand::Docker(arguments)) => credential::docker(&arguments),
        Command::Credential(CredentialCommand::Kubelet(arguments)) => credential::kubelet(&arguments),
        Command::LoginPassword(arguments) => credential::login_password(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Cancel(arguments) => cancel::run(&arguments),
        Command::Secret(SecretCommand::New(arguments)) => secret_new::run(&arguments),
        Command::Secret(SecretCommand::Check(arguments)) => secret_check::run(&arguments),
        Command::Secret(SecretCommand::Seal(arguments)) => secret::seal(&arguments),
    };
    exit.into()
}

/// The arguments, where it was started under the name by which Docker looks for a helper.
fn as_docker_helper(arguments: &[OsString]) -> Option<Vec<String>> {
    let (name, arguments) = arguments.split_first()?;
    let is_helper = Path::new(name).file_name().is_some_and(|name| name == PROGRAM);
    is_helper.then(|| arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect())
}

/// The command line, for whoever writes of it: manual pages, completions.
#[must_use]
pub fn command() -> clap::Command {
    arguments::command()
}

/// No core dump and no debugger of the same user: a password is in this memory (A24).
fn refuse_to_be_read() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, none);
    let hidden = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    if let Err(error) = limited.and(hidden) {
        tell(&format!("warning: core dumps could not be turned off: {error}"));
    }
}

/// A failure that ends the program before there is a report.
fn complain(failure: &Failure) {
    tell(failure_text(failure).trim_end());
}
