//! The interface to ECS, and the settings of a cluster.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::cluster::{ClusterDefinition, ContainerInstance, Workload};
use crate::error::Failure;

/// A cluster as its API describes it. The implementation outside of tests asks ECS.
pub trait ClusterApi: Send + Sync {
    /// The name of the cluster in the log.
    fn name(&self) -> String;

    /// The services of the cluster and its tasks without a service.
    fn workloads(&self) -> BoxFuture<'_, Result<Vec<Workload>, Failure>>;

    /// A revision of a task definition. A revision never changes.
    fn definition<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<ClusterDefinition, Failure>>;

    /// The container instance that this host is.
    fn instance(&self) -> BoxFuture<'_, Result<ContainerInstance, Failure>>;
}

/// A cluster whose images are prefetched.
#[derive(Clone, Copy)]
pub struct ClusterPrefetchSettings<'a> {
    /// The cluster, as ECS describes it.
    pub cluster: &'a dyn ClusterApi,
    /// The interval between two scans of the cluster.
    pub interval: Duration,
    /// The interval after which the images of a definition are pulled again; `None` is never.
    pub pull_interval: Option<Duration>,
}

#[cfg(feature = "ecs")]
impl ClusterApi for crate::pipeline::EcsCluster {
    fn name(&self) -> String {
        self.name().to_owned()
    }

    fn workloads(&self) -> BoxFuture<'_, Result<Vec<Workload>, Failure>> {
        self.workloads()
    }

    fn definition<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<ClusterDefinition, Failure>> {
        self.definition(arn)
    }

    fn instance(&self) -> BoxFuture<'_, Result<ContainerInstance, Failure>> {
        self.instance()
    }
}
