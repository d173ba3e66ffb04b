//! An ECS cluster, asked through AWS: what runs in it, and what this instance is in it.

use futures_util::future::{BoxFuture, FutureExt as _};

use crate::aws::AwsClient;
use crate::cluster::{Definition, Instance, LaunchType, Workload};
use crate::error::Failure;

/// A cluster in ECS, and this host's place in it.
pub struct EcsCluster {
    aws: AwsClient,
    cluster: String,
    launch: LaunchType,
    instance: Option<String>,
}

impl EcsCluster {
    /// The cluster of this name or ARN, asked for through `aws`. `is_external` says that this
    /// host is none of EC2's; `instance` is its container instance's ARN or id, where it is known.
    #[must_use]
    pub fn new(aws: AwsClient, cluster: String, is_external: bool, instance: Option<String>) -> Self {
        let launch = if is_external { LaunchType::External } else { LaunchType::Ec2 };
        Self { aws, cluster, launch, instance }
    }

    /// Its name or ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.cluster
    }

    /// What runs in it, or may at any time.
    #[must_use]
    pub fn workloads(&self) -> BoxFuture<'_, Result<Vec<Workload>, Failure>> {
        let asked = self.aws.workloads(&self.cluster);
        async { asked.await.map_err(|error| Failure::from(&error)) }.boxed()
    }

    /// A revision of a task definition.
    #[must_use]
    pub fn definition<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<Definition, Failure>> {
        let asked = self.aws.definition(&self.cluster, arn);
        async { asked.await.map_err(|error| Failure::from(&error)) }.boxed()
    }

    /// This instance of it.
    #[must_use]
    pub fn instance(&self) -> BoxFuture<'_, Result<Instance, Failure>> {
        async {
            let attributes = match &self.instance {
                Some(instance) => Some(self.aws.instance_attributes(&self.cluster, instance).await),
                None => None,
            };
            let attributes = attributes.transpose().map_err(|error| Failure::from(&error))?;
            Ok(Instance { launch: self.launch, attributes })
        }
        .boxed()
    }
}
