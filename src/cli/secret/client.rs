//! The AWS client of the commands about secrets.

use std::path::Path;

use crate::aws::AwsClient;
use crate::cli::command_error::CommandError;
use crate::cli::{log, setup};
use crate::config::{Settings, Sources};

/// Reads the settings and starts the log.
pub(super) fn settings(config: Option<&Path>) -> Result<Settings, CommandError> {
    let settings = Sources::from_process(config).and_then(|sources| Settings::read(&sources));
    let settings = settings.map_err(CommandError::configuration)?;
    log::start(&settings.log.filter);
    Ok(settings)
}

/// Returns a client. Nothing is contacted yet.
pub(super) fn build(settings: &Settings) -> Result<AwsClient, CommandError> {
    setup::aws_client(settings, &setup::no_observer()).map_err(CommandError::configuration)
}
