//! `docker-credential-taskpull`, which is `taskpull credential docker`.

use std::path::Path;

use super::login::{login, provider, read_stdin, write_response};
use crate::cli::arguments::DockerArguments;
use crate::cli::command_error::CommandError;
use crate::cli::terminal::stderr::print_line;
use crate::cli::terminal::stdout::write_result;
use crate::credential_protocols::SecretResponse;
use crate::credential_protocols::docker::{self as protocol, Operation, ServerUrl};
use crate::error::ExitCode;

/// Runs the command. Its errors follow Docker's protocol.
pub(in crate::cli) fn docker(arguments: &DockerArguments) -> ExitCode {
    let config = arguments.config.as_deref();
    match Operation::parse(&arguments.operation) {
        Some(Operation::Get) => get(config),
        Some(Operation::List) => match provider(config) {
            Ok(provider) => write(&protocol::list(provider.hosts())),
            Err(error) => fail(&message(&error)),
        },
        Some(Operation::Version) => write(&protocol::version()),
        // stdin is not read: it may be a login.
        Some(operation @ (Operation::Store | Operation::Erase)) => {
            fail(&protocol::error_response(protocol::unsupported(operation)))
        }
        None => fail(&protocol::usage()),
    }
}

fn get(config: Option<&Path>) -> ExitCode {
    match response(config) {
        Ok(Some(response)) => write_response(&response).unwrap_or_else(CommandError::print),
        Ok(None) => fail(&format!("{}\n", protocol::NOT_FOUND)),
        Err(message) => {
            // Docker's command line shows stderr and drops stdout.
            print_line(message.trim_end());
            fail(&message)
        }
    }
}

/// The response for the server on stdin; `None` if taskpull is not configured for it. An error is the
/// text that the protocol expects on stdout.
fn response(config: Option<&Path>) -> Result<Option<SecretResponse>, String> {
    let stdin = read_stdin(protocol::LIMIT).map_err(|error| message(&error))?;
    let server = ServerUrl::parse(&stdin).map_err(protocol::error_response)?;
    let Some(image) = &server.image else { return Ok(None) };
    let login = login(config, image).map_err(|error| message(&error))?;
    Ok(login.map(|issued| server.login(&issued.login)))
}

fn message(error: &CommandError) -> String {
    match error {
        CommandError::Failure(failure, _) => protocol::failure_response(failure),
        CommandError::Message(text, _) => protocol::error_response(text),
        CommandError::Interrupted => protocol::error_response("interrupted"),
    }
}

/// Writes a message of the protocol in place of a login.
fn fail(message: &str) -> ExitCode {
    write(message);
    ExitCode::Internal
}

fn write(text: &str) -> ExitCode {
    write_result(text.as_bytes()).unwrap_or_else(CommandError::print)
}
