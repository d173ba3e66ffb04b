//! Reads what runs in an ECS cluster, and the attributes of this host's container instance.
//!
//! All calls are made as the host, and none changes anything. Each call has its own deadline. All
//! calls together have none, because their number depends on the cluster.

use aws_config::Region;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::Builder;
use aws_sdk_ecs::config::http::HttpResponse;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::operation::RequestId;
use aws_sdk_ecs::types::{DesiredStatus, Task};
use tokio::time::Instant;

use crate::aws::ecs_documents::{definition, service_workload, task_workload};
use crate::aws::{
    AwsCall, AwsClient, AwsError, AwsErrorKind, AwsResource, aws_error::ErrorContext, observed_call::observe,
    observed_call::with_deadline,
};
use crate::cluster::{Attributes, ClusterDefinition, Workload};
use crate::identity::Identity;

/// The maximum number of services in one `DescribeServices` (API reference).
const MAX_SERVICES: usize = 10;

/// The maximum number of tasks in one `DescribeTasks` (API reference).
const MAX_TASKS: usize = 100;

/// Reads one ECS cluster.
#[derive(Debug)]
pub struct EcsClient {
    aws: AwsClient,
    cluster: String,
}

/// The SDK's client with the Region that it calls.
struct EcsSession {
    client: Client,
    region: Region,
}

impl EcsClient {
    /// The cluster of this name or ARN; an ARN contains the Region.
    #[must_use]
    pub fn new(aws: AwsClient, cluster: String) -> Self {
        Self { aws, cluster }
    }

    /// The name or ARN of the cluster.
    #[must_use]
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Reads the active services of the cluster, and its running tasks that belong to no service.
    ///
    /// # Errors
    /// [`AwsError`]; a partial result is an error.
    pub async fn workloads(&self) -> Result<Vec<Workload>, AwsError> {
        let session = self.connect(AwsCall::ListServices).await?;
        let reads = futures_util::future::try_join(self.services(&session), self.tasks(&session));
        let (mut workloads, tasks) = reads.await?;
        workloads.extend(tasks);
        Ok(workloads)
    }

    /// Reads a revision of a task definition, which never changes.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn definition(&self, arn: &str) -> Result<ClusterDefinition, AwsError> {
        let session = self.connect(AwsCall::DescribeTaskDefinition).await?;
        let sent = session.client.describe_task_definition().task_definition(arn).send();
        let answer = self.call(&session, AwsCall::DescribeTaskDefinition, sent).await?;
        Ok(definition(answer.task_definition))
    }

    /// Reads the attributes of a container instance, given by its id or ARN.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn instance_attributes(&self, instance: &str) -> Result<Attributes, AwsError> {
        let call = AwsCall::DescribeContainerInstances;
        let session = self.connect(call).await?;
        let request = session.client.describe_container_instances().cluster(&self.cluster);
        let answer = self.call(&session, call, request.container_instances(instance).send()).await?;
        let Some(found_instance) = answer.container_instances.unwrap_or_default().pop() else {
            let error = self.context(call).error(AwsErrorKind::NoContainerInstance, Some(&session.region));
            return Err(AwsError { source: Some(instance.into()), ..error });
        };
        let attributes = found_instance.attributes.unwrap_or_default().into_iter();
        let attributes = attributes.map(|attribute| (attribute.name, attribute.value.unwrap_or_default()));
        Ok(attributes.chain(found_instance.ec2_instance_id.map(|id| ("ec2InstanceId".to_owned(), id))).collect())
    }

    async fn connect(&self, call: AwsCall) -> Result<EcsSession, AwsError> {
        let end = Instant::now() + self.aws.deadline();
        let session = self.aws.session(&self.context(call), region_in_arn(&self.cluster), end).await?;
        let config = Builder::from(session.config).region(session.region.clone());
        let client = Client::from_conf(config.credentials_provider(session.credentials).build());
        Ok(EcsSession { client, region: session.region })
    }

    /// Every page is converted to workloads before the next is read, because ECS returns each
    /// service with its last hundred events.
    async fn services(&self, session: &EcsSession) -> Result<Vec<Workload>, AwsError> {
        let mut arns = Vec::new();
        let mut next = None;
        loop {
            let request = session.client.list_services().cluster(&self.cluster).max_results(100);
            let answer = self.call(session, AwsCall::ListServices, request.set_next_token(next).send()).await?;
            arns.extend(answer.service_arns.unwrap_or_default());
            next = answer.next_token;
            if next.is_none() {
                break;
            }
        }
        let mut workloads = Vec::new();
        for arns in arns.chunks(MAX_SERVICES) {
            let request = session.client.describe_services().cluster(&self.cluster).set_services(Some(arns.to_vec()));
            let answer = self.call(session, AwsCall::DescribeServices, request.send()).await?;
            let services = answer.services.unwrap_or_default().into_iter();
            workloads.extend(services.filter(|service| service.status() == Some("ACTIVE")).map(service_workload));
        }
        Ok(workloads)
    }

    /// The running tasks that belong to no service.
    async fn tasks(&self, session: &EcsSession) -> Result<Vec<Workload>, AwsError> {
        let mut arns = Vec::new();
        let mut next = None;
        loop {
            let request = session.client.list_tasks().cluster(&self.cluster).desired_status(DesiredStatus::Running);
            let sent = request.set_next_token(next).send();
            let answer = self.call(session, AwsCall::ListTasks, sent).await?;
            arns.extend(answer.task_arns.unwrap_or_default());
            next = answer.next_token;
            if next.is_none() {
                break;
            }
        }
        let mut workloads = Vec::new();
        for arns in arns.chunks(MAX_TASKS) {
            let request = session.client.describe_tasks().cluster(&self.cluster).set_tasks(Some(arns.to_vec()));
            let answer = self.call(session, AwsCall::DescribeTasks, request.send()).await?;
            let is_standalone = |task: &Task| !task.group().is_some_and(|group| group.starts_with("service:"));
            workloads.extend(answer.tasks.unwrap_or_default().into_iter().filter(is_standalone).map(task_workload));
        }
        Ok(workloads)
    }

    fn context(&self, call: AwsCall) -> ErrorContext {
        ErrorContext { call, resource: AwsResource::Cluster(self.cluster.clone()), identity: Identity::Host }
    }

    /// The answer of a call, within the deadline.
    async fn call<T, E>(
        &self,
        session: &EcsSession,
        call: AwsCall,
        sent: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    ) -> Result<T, AwsError>
    where
        T: RequestId + Send,
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let end = Instant::now() + self.aws.deadline();
        let response = with_deadline(end, observe(self.aws.observer(), call, sent)).await;
        response
            .map(|response| response.answer)
            .map_err(|failed| self.context(call).call_error(failed, &session.region))
    }
}

/// The Region in a cluster's ARN, `arn:aws:ecs:REGION:ACCOUNT:cluster/NAME`.
fn region_in_arn(cluster: &str) -> Option<Region> {
    let region = cluster.strip_prefix("arn:")?.split(':').nth(2)?;
    Some(Region::new(region.to_owned())).filter(|region| !region.as_ref().is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::region_in_arn;

    #[test]
    fn only_an_arn_contains_the_region() {
        let region = |text| region_in_arn(text).map(|region| region.to_string());
        assert_eq!(region("arn:aws:ecs:eu-west-1:111122223333:cluster/web").as_deref(), Some("eu-west-1"));
        assert_eq!(region("web"), None);
    }

    proptest! {
        #[test]
        fn every_region_of_an_arn_is_found(region in "[a-z]{2}-[a-z]{4,9}-[1-9]", name in ".*") {
            let arn = format!("arn:aws:ecs:{region}:111122223333:cluster/{name}");
            prop_assert_eq!(region_in_arn(&arn).map(|region| region.to_string()), Some(region));
        }
    }
}
