//! The cluster that `taskpull serve` keeps warm, as the settings have it.

#[cfg(feature = "ecs")]
pub(super) use with_ecs::cluster;
#[cfg(not(feature = "ecs"))]
pub(super) use without_ecs::cluster;

#[cfg(feature = "ecs")]
mod with_ecs {
    use std::sync::Arc;

    use crate::agent::Cluster;
    use crate::cli::setup::watched_store;
    use crate::config::{EcsSettings, Settings};
    use crate::error::Failure;
    use crate::pipeline::{EcsCluster, Watch};

    /// The cluster that is named, if one is.
    pub(in crate::cli) fn cluster(
        settings: &Settings,
        watch: &Arc<dyn Watch>,
    ) -> Result<Option<Box<dyn Cluster>>, Failure> {
        let Some(EcsSettings { cluster, launch_type, container_instance, .. }) = &settings.agent.ecs else {
            return Ok(None);
        };
        let is_external = launch_type == "external" || (launch_type == "auto" && settings.host_kind == "external");
        let aws = watched_store(settings, watch)?;
        Ok(Some(Box::new(EcsCluster::new(aws, cluster.clone(), is_external, container_instance.clone()))))
    }
}

#[cfg(not(feature = "ecs"))]
mod without_ecs {
    use std::sync::Arc;

    use crate::agent::Cluster;
    use crate::config::table::ECS_CLUSTER;
    use crate::config::{ConfigError, EcsSettings, Settings};
    use crate::error::Failure;
    use crate::pipeline::Watch;

    /// No cluster; that one is named is an error.
    pub(in crate::cli) fn cluster(
        settings: &Settings,
        _: &Arc<dyn Watch>,
    ) -> Result<Option<Box<dyn Cluster>>, Failure> {
        match &settings.agent.ecs {
            None => Ok(None),
            Some(EcsSettings { cluster, .. }) => Err(Failure::from(&ConfigError::Value {
                key: ECS_CLUSTER.key,
                value: cluster.clone(),
                origin: "the settings".to_owned(),
                wanted: "left out: this program was built without the feature `ecs`".to_owned(),
            })),
        }
    }
}
