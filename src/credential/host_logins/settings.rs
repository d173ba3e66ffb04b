//! Where the host's logins are.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::HostKind;
use crate::secret::Secret;

/// The sources of the host's logins.
#[derive(Clone, Debug)]
pub struct HostLoginSettings {
    /// The kind of host. Not every kind may have logins.
    pub host: HostKind,
    /// Whether `ECS_ENGINE_AUTH_TYPE` is set. Both of its types are read in the same way.
    pub has_auth_type: bool,
    /// The value of `ECS_ENGINE_AUTH_DATA`.
    pub auth_data: Option<Secret>,
    /// The path of a Docker `config.json`.
    pub docker_config: Option<PathBuf>,
    /// The longest time that a credential helper may run.
    pub helper_timeout: Duration,
}
