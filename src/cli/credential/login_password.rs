//! `taskpull login-password`: prints the password of a registry.

use super::login::{login, no_password, write_response};
use super::login_command_error::LoginCommandError;
use crate::cli::arguments::LoginPasswordArguments;
use crate::cli::command_error::CommandError;
use crate::credential_protocols::password;
use crate::error::ExitCode;
use crate::task::{Field, RegistryHost};

/// Runs the command.
pub(in crate::cli) fn login_password(arguments: &LoginPasswordArguments) -> Result<ExitCode, CommandError> {
    let registry = &arguments.registry;
    let image = RegistryHost::parse_address(registry).and_then(|(host, _)| host.example_image()).ok_or_else(|| {
        CommandError::usage(LoginCommandError::NotARegistry(Field::RegistryHost.text(registry).whole()))
    })?;
    let issued = login(arguments.config.as_deref(), &image)?
        .ok_or_else(|| CommandError::configuration(LoginCommandError::UnknownRegistry(registry.clone())))?;
    write_response(&password(&issued.login).ok_or_else(|| no_password(&image))?)
}
