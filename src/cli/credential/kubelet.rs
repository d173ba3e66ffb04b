//! `taskpull credential kubelet`: reads the kubelet's request from stdin, writes the response to stdout.

use super::login::{login, no_password, read_stdin, write_response};
use crate::cli::arguments::KubeletArguments;
use crate::cli::command_error::CommandError;
use crate::credential_protocols::kubelet as protocol;
use crate::error::ExitCode;

/// Runs the command.
pub(in crate::cli) fn kubelet(arguments: &KubeletArguments) -> Result<ExitCode, CommandError> {
    let request = read_stdin(protocol::LIMIT)?;
    let image = protocol::parse_request(&request).map_err(|error| CommandError::new(error, ExitCode::BadInput))?;
    let login = login(arguments.config.as_deref(), &image)?;
    write_response(&protocol::response(&image, login.as_ref()).ok_or_else(|| no_password(&image))?)
}
