//! The client of the agent, for the commands that send it requests.

use std::path::Path;

use super::command_error::CommandError;
use super::log;
use crate::agent::{Client, ClientError};
use crate::config::table::AGENT_SOCKET;
use crate::config::{ConfigError, Settings, Sources};
use crate::error::ExitCode;

/// Reads the settings, starts the log and returns a client for the configured socket.
pub(super) fn client(socket: Option<String>, config: Option<&Path>) -> Result<Client, CommandError> {
    let settings = settings(socket, config).map_err(CommandError::configuration)?;
    log::start(&settings.log.filter);
    Ok(Client::new(&settings.agent.socket))
}

fn settings(socket: Option<String>, config: Option<&Path>) -> Result<Settings, ConfigError> {
    Settings::read(&Sources::from_process(config)?.with_flag(&AGENT_SOCKET, "--socket", socket))
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        Self::new(error, ExitCode::NoAgent)
    }
}
