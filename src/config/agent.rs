//! What the operator wants of the agent.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::config_error::ConfigError;
use super::sources::Sources;
use super::table::{
    ACCESS_CREDENTIALS, ACCESS_READ, ACCESS_SUBMIT, AGENT_DRAIN_TIMEOUT, AGENT_GIVE_UP_AFTER, AGENT_HISTORY,
    AGENT_OPEN, AGENT_REQUEST_TIMEOUT, AGENT_SOCKET, AGENT_SOCKET_GROUP, AGENT_STATE_FOLDER,
};
use super::who::Who;

/// The settings of the agent.
#[derive(Clone, Debug)]
pub struct AgentSettings {
    /// `agent.socket`
    pub socket: PathBuf,
    /// `agent.socket_group`
    pub socket_group: String,
    /// `access.*`
    pub access: AccessSettings,
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
}

/// Who may do what through the socket.
#[derive(Clone, Debug, Default)]
pub struct AccessSettings {
    /// `access.submit`
    pub submit: Vec<Who>,
    /// `access.read`
    pub read: Vec<Who>,
    /// `access.credentials`
    pub credentials: Vec<Who>,
}

impl AgentSettings {
    pub(super) fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let count = |setting| sources.number(setting).map(|number| number.try_into().unwrap_or(NonZeroUsize::MAX));
        Ok(Self {
            socket: PathBuf::from(sources.text(&AGENT_SOCKET)?),
            socket_group: sources.text(&AGENT_SOCKET_GROUP)?.to_owned(),
            access: AccessSettings {
                submit: sources.who(&ACCESS_SUBMIT)?,
                read: sources.who(&ACCESS_READ)?,
                credentials: sources.who(&ACCESS_CREDENTIALS)?,
            },
            state_folder: PathBuf::from(sources.text(&AGENT_STATE_FOLDER)?),
            open_requests: count(&AGENT_OPEN)?,
            history: count(&AGENT_HISTORY)?,
            give_up_after: sources.time(&AGENT_GIVE_UP_AFTER)?,
            drain_timeout: sources.time(&AGENT_DRAIN_TIMEOUT)?,
            request_timeout: sources.time(&AGENT_REQUEST_TIMEOUT)?,
        })
    }
}
