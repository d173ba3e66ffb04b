//! The login for an image's registry, as the settings define it.

use std::io;
use std::path::Path;

use super::login_command_error::LoginCommandError;
use crate::aws::AwsClient;
use crate::cli::command_error::CommandError;
use crate::cli::runtime::{self, Threads};
use crate::cli::terminal::stdout::write_result;
use crate::cli::{log, setup};
use crate::config::{Settings, Sources};
use crate::credential::CachingCredentialProvider;
use crate::credential_protocols::SecretResponse;
use crate::error::ExitCode;
use crate::pipeline::{IssuedLogin, LoginProvider, read_at_most};
use crate::task::ImageReference;

/// Reads the settings, starts the log and returns the provider of logins. Nothing is contacted yet.
pub(super) fn provider(
    config: Option<&Path>,
) -> Result<LoginProvider<CachingCredentialProvider<AwsClient>>, CommandError> {
    let settings = Sources::from_process(config).and_then(|sources| Settings::read(&sources));
    let settings = settings.map_err(CommandError::configuration)?;
    log::start(&settings.log.filter);
    setup::login_provider_without_host_logins(&settings).map_err(CommandError::configuration)
}

/// The login for an image's registry; `None` if taskpull is not configured for it.
pub(super) fn login(config: Option<&Path>, image: &ImageReference) -> Result<Option<IssuedLogin>, CommandError> {
    let provider = provider(config)?;
    let login = runtime::run(Threads::Calling, provider.login(image))?;
    login.map_err(|failure| CommandError::Failure(failure, ExitCode::Failed))
}

/// Reads stdin, and at most one byte more than the limit.
pub(super) fn read_stdin(limit: u64) -> Result<Vec<u8>, CommandError> {
    read_at_most(io::stdin().lock(), limit + 1).map_err(CommandError::stdin)
}

/// Writes a response that contains a login to stdout.
pub(super) fn write_response(response: &SecretResponse) -> Result<ExitCode, CommandError> {
    write_result(response.bytes())
}

/// The error for a login that has no password.
pub(super) fn no_password(image: &ImageReference) -> CommandError {
    let error = LoginCommandError::IdentityToken(image.registry().to_owned());
    CommandError::new(error, ExitCode::Failed)
}
