//! What the operator wants of the agent.

use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use super::config_error::ConfigError;
use super::principal::Principal;
use super::sources::Sources;
use super::table::{
    ACCESS_CREDENTIALS, ACCESS_READ, ACCESS_SUBMIT, AGENT_DRAIN_TIMEOUT, AGENT_GIVE_UP_AFTER, AGENT_HISTORY,
    AGENT_OPEN, AGENT_REQUEST_TIMEOUT, AGENT_SOCKET, AGENT_SOCKET_GROUP, AGENT_STATE_FOLDER, AUDIT_TO, ECS_CLUSTER,
    ECS_CONTAINER_INSTANCE, ECS_INTERVAL, ECS_LAUNCH_TYPE, ECS_PULL_INTERVAL, FOLDER_INTERVAL, FOLDER_PATH,
    METRICS_LISTEN,
};

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
    /// `folder.*`
    pub folder: FolderSettings,
    /// `ecs.*`, where a cluster is named.
    pub ecs: Option<EcsSettings>,
    /// `audit.to`
    pub audit: AuditTarget,
    /// `metrics.listen`: a loopback address.
    pub metrics_listen: Option<SocketAddr>,
}

/// The settings of the cluster that is kept warm.
#[derive(Clone, Debug)]
pub struct EcsSettings {
    /// `ecs.cluster`
    pub cluster: String,
    /// `ecs.interval`
    pub interval: Duration,
    /// `ecs.pull_interval`; `None` is never.
    pub pull_interval: Option<Duration>,
    /// `ecs.launch_type`, one of its words.
    pub launch_type: String,
    /// `ecs.container_instance`
    pub container_instance: Option<String>,
}

/// The settings of the watched folder.
#[derive(Clone, Debug)]
pub struct FolderSettings {
    /// `folder.path`
    pub path: PathBuf,
    /// `folder.interval`; `None` is never.
    pub interval: Option<Duration>,
}

/// Where the audit trail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditTarget {
    /// Nowhere.
    Off,
    /// To journald.
    Journald,
    /// To a file.
    File(PathBuf),
}

/// Who may do what through the socket.
#[derive(Clone, Debug, Default)]
pub struct AccessSettings {
    /// `access.submit`
    pub submit: Vec<Principal>,
    /// `access.read`
    pub read: Vec<Principal>,
    /// `access.credentials`
    pub credentials: Vec<Principal>,
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
            ecs: ecs(sources)?,
            folder: FolderSettings {
                path: PathBuf::from(sources.text(&FOLDER_PATH)?),
                interval: Some(sources.time(&FOLDER_INTERVAL)?).filter(|interval| !interval.is_zero()),
            },
            audit: sources.parsed(&AUDIT_TO, |text| audit(text, sources))?.unwrap_or(AuditTarget::Off),
            metrics_listen: sources.parsed(&METRICS_LISTEN, loopback)?,
        })
    }
}

fn ecs(sources: &Sources) -> Result<Option<EcsSettings>, ConfigError> {
    let Some(cluster) = sources.optional_text(&ECS_CLUSTER)? else { return Ok(None) };
    Ok(Some(EcsSettings {
        cluster: cluster.to_owned(),
        interval: sources.time(&ECS_INTERVAL)?,
        pull_interval: Some(sources.time(&ECS_PULL_INTERVAL)?).filter(|interval| !interval.is_zero()),
        launch_type: sources.text(&ECS_LAUNCH_TYPE)?.to_owned(),
        container_instance: sources.optional_text(&ECS_CONTAINER_INSTANCE)?.map(str::to_owned),
    }))
}

fn audit(text: &str, sources: &Sources) -> Option<AuditTarget> {
    Some(match text {
        "journald" => AuditTarget::Journald,
        "auto" if sources.journal_stream().is_some_and(is_stderr) => AuditTarget::Journald,
        "auto" | "off" => AuditTarget::Off,
        path if path.starts_with('/') => AuditTarget::File(PathBuf::from(path)),
        _ => return None,
    })
}

/// Whether stderr is what `JOURNAL_STREAM` names, by device and inode. What was started from
/// a service, with a stderr of its own, has inherited the variable and nothing else.
fn is_stderr(stream: &str) -> bool {
    let found = fs::metadata("/proc/self/fd/2").map(|found| format!("{}:{}", found.dev(), found.ino()));
    found.is_ok_and(|found| found == stream)
}

fn loopback(text: &str) -> Option<SocketAddr> {
    text.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{AuditTarget, audit, is_stderr, loopback};
    use crate::config::Sources;

    #[test]
    fn metrics_are_on_a_loopback_address_or_nowhere() {
        for text in ["127.0.0.1:9464", "127.1.2.3:1", "[::1]:9464"] {
            assert!(loopback(text).is_some(), "{text}");
        }
        for text in ["0.0.0.0:9464", "[::]:9464", "10.0.0.1:9464", "9464", "localhost:9464", "127.0.0.1", ""] {
            assert!(loopback(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_audit_trail_goes_where_it_is_said_to_go() {
        let audit = |text| audit(text, &Sources::default());
        assert_eq!(audit("auto"), Some(AuditTarget::Off), "systemd has said nothing");
        assert_eq!(audit("journald"), Some(AuditTarget::Journald));
        assert_eq!(audit("/var/log/a"), Some(AuditTarget::File("/var/log/a".into())));
        assert_eq!(audit("on"), None, "a file is named from the root");
    }

    #[test]
    fn an_inherited_journal_stream_is_not_ones_own() {
        assert!(!is_stderr("0:0") && !is_stderr(""));
    }
}
