//! The entry point: protects the process's memory, parses the command line and runs the command.

use std::ffi::OsString;
use std::path::Path;
use std::process;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use super::arguments::{self, Arguments, Command, CredentialCommand, DockerArguments, SecretCommand};
use super::command_error::CommandError;
use super::terminal::stderr::print_line;
use super::{cancel, credential, pull, secret, serve, status};
use crate::credential_protocols::docker::PROGRAM;
use crate::error::ExitCode;

/// Runs the program with the arguments of the process, of which the first is its name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> process::ExitCode {
    protect_memory();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(operation) = docker_helper_operation(&arguments) {
        return credential::docker(&DockerArguments { operation, config: None }).into();
    }
    match arguments::parse(arguments) {
        Ok(arguments) => run(arguments).into(),
        Err(error) => {
            // If the terminal is closed, there is no place to report that.
            let _ = error.print();
            if error.use_stderr() { ExitCode::Usage.into() } else { ExitCode::Success.into() }
        }
    }
}

fn run(Arguments { command }: Arguments) -> ExitCode {
    let result = match command {
        Command::Pull(arguments) => pull::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Cancel(arguments) => cancel::run(&arguments),
        Command::Secret(SecretCommand::New(arguments)) => secret::new(&arguments),
        Command::Secret(SecretCommand::Check(arguments)) => secret::check(&arguments),
        Command::Secret(SecretCommand::Seal(arguments)) => secret::seal(&arguments),
        Command::Credential(CredentialCommand::Docker(arguments)) => Ok(credential::docker(&arguments)),
        Command::Credential(CredentialCommand::Kubelet(arguments)) => credential::kubelet(&arguments),
        Command::LoginPassword(arguments) => credential::login_password(&arguments),
    };
    result.unwrap_or_else(CommandError::print)
}

/// The operation, if the program was started under the name by which Docker finds a credential helper.
fn docker_helper_operation(arguments: &[OsString]) -> Option<Vec<String>> {
    let (name, arguments) = arguments.split_first()?;
    let is_helper = Path::new(name).file_name().is_some_and(|name| name == PROGRAM);
    is_helper.then(|| arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect())
}

/// Disables core dumps and debuggers of the same user, because this memory contains passwords (A24).
fn protect_memory() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, none);
    let hidden = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    if let Err(error) = limited.and(hidden) {
        print_line(&format!("warning: cannot disable core dumps: {error}"));
    }
}
