//! What the commands have in common that ask the agent.

use std::path::Path;

use tokio::runtime::{Builder, Runtime};

use super::{complain, log, tell};
use crate::agent::{Client, ClientError};
use crate::config::table::AGENT_SOCKET;
use crate::config::{ConfigError, Settings, Sources};
use crate::error::ExitCode;
use crate::error::{Explain as _, Failure};

/// A client of the agent that the settings mean.
pub(super) fn client(socket: Option<String>, config: Option<&Path>) -> Result<Client, ExitCode> {
    let settings = settings(socket, config).map_err(|error| {
        complain(&Failure::from(error));
        ExitCode::Configuration
    })?;
    log::start(&settings.log.filter);
    Ok(Client::new(&settings.agent.socket))
}

fn settings(socket: Option<String>, config: Option<&Path>) -> Result<Settings, ConfigError> {
    Settings::read(&Sources::from_process(config)?.with_flag(&AGENT_SOCKET, "--socket", socket))
}

/// One thread asks, and one listens for signals.
pub(super) fn runtime() -> Result<Runtime, ExitCode> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(|error| {
        tell(&format!("error: the runtime could not be started: {error}"));
        ExitCode::Internal
    })
}

/// Says why the agent did not do it, and how the program ends for that.
pub(super) fn failed(error: &ClientError) -> ExitCode {
    complain(&error.to_failure());
    ExitCode::NoAgent
}
