//! The ECS cluster for which `taskpull serve` prefetches images.

use std::sync::Arc;

use crate::agent::ClusterApi;
use crate::config::{ConfigError, Settings, table::ECS_CLUSTER};
use crate::credential::CredentialObserver;
use crate::error::Failure;
use crate::task::{Field, check_cluster};

/// The cluster of the settings, if there is one. A build without the feature `ecs` rejects the setting.
pub(super) fn cluster(
    settings: &Settings,
    observer: &Arc<dyn CredentialObserver>,
) -> Result<Option<Box<dyn ClusterApi>>, Failure> {
    let Some(cluster) = settings.ecs.cluster.as_deref() else { return Ok(None) };
    check_cluster(cluster).map_err(|error| ConfigError::MistakenValue {
        key: ECS_CLUSTER.key,
        value: Field::Cluster.text(cluster).whole(),
        reason: error.to_string(),
        hint: error.hint(),
    })?;
    client(settings, cluster, observer).map(Some)
}

#[cfg(feature = "ecs")]
fn client(
    settings: &Settings,
    name: &str,
    observer: &Arc<dyn CredentialObserver>,
) -> Result<Box<dyn ClusterApi>, Failure> {
    use crate::config::{HostKind, HostLaunchType};

    let is_external = match settings.ecs.launch_type {
        HostLaunchType::Auto => settings.host.kind == HostKind::External,
        HostLaunchType::Ec2 => false,
        HostLaunchType::External => true,
    };
    let aws = super::setup::aws_client(settings, observer)?;
    let instance = settings.ecs.container_instance.clone();
    Ok(Box::new(crate::pipeline::EcsCluster::new(aws, name.to_owned(), is_external, instance)))
}

#[cfg(not(feature = "ecs"))]
fn client(_: &Settings, name: &str, _: &Arc<dyn CredentialObserver>) -> Result<Box<dyn ClusterApi>, Failure> {
    Err(unsupported(name))
}

#[cfg(any(test, not(feature = "ecs")))]
fn unsupported(cluster: &str) -> Failure {
    Failure::from(ConfigError::InvalidValue {
        key: ECS_CLUSTER.key,
        value: Field::Cluster.text(cluster).whole(),
        origin: "the settings".to_owned(),
        expected: "unset: this program was built without the feature `ecs`".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::unsupported;

    #[test]
    fn build_without_ecs_names_the_setting_and_the_feature() {
        let message = unsupported("web").message;
        for text in ["ecs.cluster", "web", "built without the feature `ecs`"] {
            assert!(message.as_str().contains(text), "{message}");
        }
    }
}
