//! `[[registry]]`: the login for a registry that Docker or a kubelet pulls from.

use serde::Deserialize;

/// The key of the list.
pub(super) const KEY: &str = "registry";

/// One entry as written in the file; `plan` validates it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryEntry {
    /// The registry's host, with its port if it has one.
    pub host: String,
    /// The secret that contains the login: an ARN or a name, as in `credentialsParameter`. An ECR
    /// registry has none.
    pub secret: Option<String>,
    /// ARN of the role that reads the secret, or requests the ECR token.
    pub role: Option<String>,
}
