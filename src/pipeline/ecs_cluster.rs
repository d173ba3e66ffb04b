//! The agent's view of an ECS cluster: its workloads, and this host's container instance.

use futures_util::future::{BoxFuture, FutureExt as _};

use crate::aws::{AwsClient, EcsClient};
use crate::cluster::{ClusterDefinition, ContainerInstance, LaunchType, Workload};
use crate::error::Failure;

/// A cluster in ECS with this host's container instance.
pub struct EcsCluster {
    client: EcsClient,
    launch: LaunchType,
    instance: Option<String>,
}

impl EcsCluster {
    /// The cluster of this name or ARN. `is_external` means that this host is not an EC2 instance;
    /// `instance` is the ARN or id of its container instance, if it is known.
    #[must_use]
    pub fn new(aws: AwsClient, cluster: String, is_external: bool, instance: Option<String>) -> Self {
        let launch = if is_external { LaunchType::External } else { LaunchType::Ec2 };
        Self { client: EcsClient::new(aws, cluster), launch, instance }
    }

    /// The name or ARN of the cluster.
    #[must_use]
    pub fn name(&self) -> &str {
        self.client.cluster()
    }

    /// Reads the active services and the running tasks that belong to no service.
    #[must_use]
    pub fn workloads(&self) -> BoxFuture<'_, Result<Vec<Workload>, Failure>> {
        async { self.client.workloads().await.map_err(Failure::from) }.boxed()
    }

    /// Reads a revision of a task definition.
    #[must_use]
    pub fn definition<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<ClusterDefinition, Failure>> {
        async { self.client.definition(arn).await.map_err(Failure::from) }.boxed()
    }

    /// Reads the attributes of this host's container instance.
    #[must_use]
    pub fn instance(&self) -> BoxFuture<'_, Result<ContainerInstance, Failure>> {
        async {
            let attributes = match &self.instance {
                Some(instance) => {
                    let attributes = self.client.instance_attributes(instance).await;
                    Some(attributes?)
                }
                None => None,
            };
            Ok(ContainerInstance { launch: self.launch, attributes })
        }
        .boxed()
    }
}
