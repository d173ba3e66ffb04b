//! What the operator wants of the agent.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::config_error::ConfigError;
use super::sources::Sources;
use super::table::{
    AGENT_DRAIN_TIMEOUT, AGENT_GIVE_UP_AFTER, AGENT_HISTORY, AGENT_OPEN, AGENT_REQUEST_TIMEOUT, AGENT_SOCKET,
    AGENT_STATE_FOLDER, FOLDER_INTERVAL, FOLDER_PATH,
};

/// The settings of the agent.
#[derive(Clone, Debug)]
pub struct AgentSettings {
    /// `agent.socket`
    pub socket: PathBuf,
    /// `agent.state_folder`
    pub state_folder: PathBuf,
    /// `agent.open_requests`
    pub open_requests: NonZeroUsize,
    /// `agent.history`
    pub history: NonZeroUsize,
    /// `agent.give_up_after`
    pub give_up_after: Duration,
    /// `agent.drain_timeout`
    pub drain_timeout: Duration,
    /// `agent.request_timeout`
    pub request_timeout: Duration,
    /// `folder.*`
    pub folder: FolderSettings,
}

/// The settings of the watched folder.
#[derive(Clone, Debug)]
pub struct FolderSettings {
    /// `folder.path`
    pub path: PathBuf,
    /// `folder.interval`; `None` is never.
    pub interval: Option<Duration>,
}

impl AgentSettings {
    pub(super) fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let count = |setting| sources.number(setting).map(|number| number.try_into().unwrap_or(NonZeroUsize::MAX));
        Ok(Self {
            socket: PathBuf::from(sources.text(&AGENT_SOCKET)?),
            state_folder: PathBuf::from(sources.text(&AGENT_STATE_FOLDER)?),
            open_requests: count(&AGENT_OPEN)?,
            history: count(&AGENT_HISTORY)?,
            give_up_after: sources.time(&AGENT_GIVE_UP_AFTER)?,
            drain_timeout: sources.time(&AGENT_DRAIN_TIMEOUT)?,
            request_timeout: sources.time(&AGENT_REQUEST_TIMEOUT)?,
            folder: FolderSettings {
                path: PathBuf::from(sources.text(&FOLDER_PATH)?),
                interval: Some(sources.time(&FOLDER_INTERVAL)?).filter(|interval| !interval.is_zero()),
            },
        })
    }
}
