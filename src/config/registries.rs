//! `[[registry]]`: the login that Docker and the kubelet are given for a registry's host.

use serde::Deserialize;

/// The key of the list.
pub(super) const KEY: &str = "registry";

/// One entry as it stands in the file; `plan` reads what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryEntry {
    /// The registry's host, with its port if it has one.
    pub host: String,
    /// The secret that holds its login: an ARN or a name, as in `credentialsParameter`. ECR's
    /// hosts have none.
    pub secret: Option<String>,
    /// The role that reads the secret, or asks for ECR's token.
    pub role: Option<String>,
}
