//! A registry login that the host itself has.

use std::fmt;

/// The name of a registry login that the host itself has; never the login.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostLogin {
    /// Where the host stores the login.
    pub source: HostLoginSource,
    /// What the login is for: the host of a registry, or a path in it.
    pub scope: String,
}

/// Where the host stores a login.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostLoginSource {
    /// The ECS agent's variable `ECS_ENGINE_AUTH_DATA`.
    EngineAuthData,
    /// The `auths` of a Docker `config.json`.
    DockerConfig,
    /// A Docker credential helper, named without `docker-credential-`.
    Helper(String),
}

impl fmt::Display for HostLoginSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EngineAuthData => f.write_str("ecs-engine-auth-data"),
            Self::DockerConfig => f.write_str("docker-config"),
            Self::Helper(name) => write!(f, "docker-credential-{name}"),
        }
    }
}
