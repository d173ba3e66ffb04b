//! Where the host's logins are.

use std::path::PathBuf;
use std::time::Duration;

use super::config_error::HostLoginConfigFault;
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

/// Rejects logins on a host that cannot have them: ECS supports registry authentication of the host
/// on EC2 instances only (B2). A host of an unknown kind may have them.
pub(super) fn require_host_with_logins(kind: HostKind) -> Result<(), HostLoginConfigFault> {
    match kind {
        HostKind::Auto | HostKind::Ec2 => Ok(()),
        HostKind::Fargate => Err(HostLoginConfigFault::UnsupportedHost("Fargate")),
        HostKind::External => Err(HostLoginConfigFault::UnsupportedHost("external instances")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::HostKind;
    use crate::credential::host_logins::{HostLoginSettings, HostLogins};
    use crate::error::{Class, Explain as _};
    use crate::secret::Secret;

    fn settings(host: HostKind) -> HostLoginSettings {
        let helper_timeout = Duration::from_secs(1);
        HostLoginSettings { host, has_auth_type: false, auth_data: None, docker_config: None, helper_timeout }
    }

    #[test]
    fn logins_are_rejected_on_hosts_where_ecs_has_none() {
        let data = Some(Secret::new(r#"{"r.example": {"auth": "bTpw"}}"#.to_owned()));
        for host in [HostKind::Fargate, HostKind::External] {
            let by_variables = HostLoginSettings { has_auth_type: true, auth_data: data.clone(), ..settings(host) };
            let by_file = HostLoginSettings { docker_config: Some(PathBuf::from("/x")), ..settings(host) };
            for (settings, place) in [(by_variables, "ECS_ENGINE_AUTH_DATA"), (by_file, "/x")] {
                let error = HostLogins::read(&settings).unwrap_err();
                assert_eq!((error.class(), &*error.resource()), (Class::Unsupported, place));
                assert!(error.hint().unwrap().contains("repositoryCredentials"));
            }
        }
    }

    #[test]
    fn every_kind_of_host_is_accepted_without_logins() {
        for host in [HostKind::Auto, HostKind::Ec2, HostKind::Fargate, HostKind::External] {
            assert!(HostLogins::read(&settings(host)).is_ok(), "{host:?}");
        }
    }

    #[test]
    fn ec2_and_unknown_hosts_may_have_logins() {
        for host in [HostKind::Auto, HostKind::Ec2] {
            let auth_data = Some(Secret::new(r#"{"r.example": {"auth": "bTpw"}}"#.to_owned()));
            assert!(HostLogins::read(&HostLoginSettings { has_auth_type: true, auth_data, ..settings(host) }).is_ok());
        }
    }
}
