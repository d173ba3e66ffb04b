//! The cluster that `taskpull serve` keeps warm, as the settings have it.

#[cfg(feature = "ecs")]
pub(super) use with_ecs::cluster;
#[cfg(not(feature = "ecs"))]
pub(super) use without_ecs::cluster;

#[cfg(feature = "ecs")]
mod with_ecs {
    use std::sync::Arc;

    use crate::agent::ClusterApi;
    use crate::cli::setup::watched_store;
    use crate::config::{EcsSettings, HostKind, HostLaunchType, Settings};
    use crate::error::Failure;
    use crate::pipeline::{CredentialObserver, EcsCluster};

    /// The cluster that is named, if one is.
    pub(in crate::cli) fn cluster(
        settings: &Settings,
        watch: &Arc<dyn CredentialObserver>,
    ) -> Result<Option<Box<dyn ClusterApi>>, Failure> {
        let EcsSettings { cluster, launch_type, container_instance, .. } = &settings.ecs;
        let Some(cluster) = cluster else { return Ok(None) };
        let is_external = match launch_type {
            HostLaunchType::Auto => settings.host.kind == HostKind::External,
            HostLaunchType::Ec2 => false,
            HostLaunchType::External => true,
        };
        let aws = watched_store(settings, watch)?;
        Ok(Some(Box::new(EcsCluster::new(aws, cluster.clone(), is_external, container_instance.clone()))))
    }
}

#[cfg(any(test, not(feature = "ecs")))]
mod without_ecs {
    use std::sync::Arc;

    use crate::agent::ClusterApi;
    use crate::config::table::ECS_CLUSTER;
    use crate::config::{ConfigError, Settings};
    use crate::error::Failure;
    use crate::pipeline::CredentialObserver;

    /// No cluster; that one is named is an error.
    pub(in crate::cli) fn cluster(
        settings: &Settings,
        _: &Arc<dyn CredentialObserver>,
    ) -> Result<Option<Box<dyn ClusterApi>>, Failure> {
        match &settings.ecs.cluster {
            None => Ok(None),
            Some(cluster) => Err(Failure::from(ConfigError::InvalidValue {
                key: ECS_CLUSTER.key,
                value: cluster.clone(),
                origin: "the settings".to_owned(),
                expected: "unset: this program was built without the feature `ecs`".to_owned(),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::without_ecs;
    use crate::config::table::ECS_CLUSTER;
    use crate::config::{Settings, Sources};
    use crate::pipeline::CredentialObserver;

    #[test]
    fn without_the_feature_a_cluster_is_an_error_of_the_settings() {
        let watch: Arc<dyn CredentialObserver> = Arc::new(());
        let found = |cluster: Option<&str>| {
            let sources = Sources::default().with_flag(&ECS_CLUSTER, "--cluster", cluster.map(str::to_owned));
            without_ecs::cluster(&Settings::read(&sources).unwrap(), &watch).map(|cluster| cluster.is_some())
        };
        assert!(!found(None).unwrap());
        let failure = found(Some("web")).unwrap_err();
        for words in ["ecs.cluster", "web", "built without the feature `ecs`"] {
            assert!(failure.message.as_str().contains(words), "{failure:?}");
        }
    }
}
