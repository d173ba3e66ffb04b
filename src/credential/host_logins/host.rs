//! On which hosts there may be logins of the host's own: ECS knows instance-level
//! authentication for EC2 instances alone (B2).

use super::config_error::HostLoginConfigFault;
use crate::config::HostKind;

/// Refuses what a host of this kind cannot have; one of an unknown kind may have it.
pub(super) fn may_have_logins(kind: HostKind) -> Result<(), HostLoginConfigFault> {
    match kind {
        HostKind::Auto | HostKind::Ec2 => Ok(()),
        HostKind::Fargate => Err(HostLoginConfigFault::NotOn("Fargate")),
        HostKind::External => Err(HostLoginConfigFault::NotOn("external instances")),
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
    fn logins_of_the_host_are_refused_where_ecs_has_none() {
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
    fn a_host_without_any_is_refused_nothing() {
        for host in [HostKind::Auto, HostKind::Ec2, HostKind::Fargate, HostKind::External] {
            assert!(HostLogins::read(&settings(host)).is_ok(), "{host:?}");
        }
    }

    #[test]
    fn an_instance_and_an_unknown_host_may_have_them() {
        for host in [HostKind::Auto, HostKind::Ec2] {
            let auth_data = Some(Secret::new(r#"{"r.example": {"auth": "bTpw"}}"#.to_owned()));
            assert!(HostLogins::read(&HostLoginSettings { has_auth_type: true, auth_data, ..settings(host) }).is_ok());
        }
    }
}
