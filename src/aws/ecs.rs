//! ECS, asked what runs in a cluster: services, tasks, their definitions, and what it knows
//! this instance by. All of it as the host, and nothing is changed.

use std::time::Duration;

use aws_config::Region;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    DesiredStatus, PlacementConstraint, PlacementConstraintType, Service, Task, TaskDefinition,
    TaskDefinitionPlacementConstraintType,
};
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::aws::AwsClient;
use crate::aws::call::{CallResponse, call};
use crate::aws::sdk_error::{CallErrorKind, FailedCall};
use crate::aws::{ClusterError, ClusterFault, CredentialObserver};
use crate::cluster::{Attributes, Definition, LaunchType, Workload};
use crate::identity::Identity;

/// `DescribeServices` takes so many at once (API reference).
const SERVICES_AT_ONCE: usize = 10;

/// `DescribeTasks` takes so many at once (API reference).
const TASKS_AT_ONCE: usize = 100;

/// A cluster to look at: its client, and how long each answer may take. The number of calls
/// is the cluster's, and so the whole has no end of its own.
struct ClusterQuery<'a> {
    cluster: &'a str,
    client: Client,
    watch: &'a dyn CredentialObserver,
    deadline: Duration,
}

impl AwsClient {
    /// What runs in a cluster or may at any time: its active services, and the running tasks
    /// that no service has. `cluster` is a name or an ARN, which says the Region.
    ///
    /// # Errors
    /// [`ClusterError`]; a part of the answer is no answer.
    pub async fn workloads(&self, cluster: &str) -> Result<Vec<Workload>, ClusterError> {
        let look = self.look(cluster, "ecs:ListServices").await?;
        let both = Box::pin(futures_util::future::try_join(look.services(), look.tasks()));
        let (mut workloads, tasks) = both.await?;
        workloads.extend(tasks);
        Ok(workloads)
    }

    /// A task definition; a revision never changes.
    ///
    /// # Errors
    /// [`ClusterError`]
    pub async fn definition(&self, cluster: &str, arn: &str) -> Result<Definition, ClusterError> {
        let look = self.look(cluster, "ecs:DescribeTaskDefinition").await?;
        let asked = look.client.describe_task_definition().task_definition(arn).send();
        let answer = look.answer("ecs:DescribeTaskDefinition", asked).await?;
        Ok(definition(answer.task_definition.unwrap_or_else(|| TaskDefinition::builder().build())))
    }

    /// What ECS knows a container instance by.
    ///
    /// # Errors
    /// [`ClusterError`]
    pub async fn instance_attributes(&self, cluster: &str, instance: &str) -> Result<Attributes, ClusterError> {
        let look = self.look(cluster, "ecs:DescribeContainerInstances").await?;
        let asked = look.client.describe_container_instances().cluster(cluster).container_instances(instance).send();
        let answer = look.answer("ecs:DescribeContainerInstances", asked).await?;
        let Some(instance) = answer.container_instances.unwrap_or_default().pop() else {
            let action = "ecs:DescribeContainerInstances";
            let (cluster, fault) = (cluster.to_owned(), ClusterFault::NoInstance);
            return Err(ClusterError { cluster, action, fault, source: Some(instance.into()) });
        };
        let known = instance.attributes.unwrap_or_default().into_iter();
        let known = known.map(|attribute| (attribute.name, attribute.value.unwrap_or_default()));
        Ok(known.chain(instance.ec2_instance_id.map(|id| ("ec2InstanceId".to_owned(), id))).collect())
    }

    async fn look<'a>(&'a self, cluster: &'a str, action: &'static str) -> Result<ClusterQuery<'a>, ClusterError> {
        let end = Instant::now() + self.deadline;
        let wrong = |fault, source| ClusterError { cluster: cluster.to_owned(), action, fault, source };
        let nobody = |refused: super::role_sessions::IdentityError| {
            let (fault, said) = refused.about_key();
            wrong(ClusterFault::of_host(fault), Some(said))
        };
        let config = self.config(end).await.map_err(nobody)?;
        let region = match region_of(cluster) {
            Some(region) => region,
            None => self.region(None, config, end).await.ok_or_else(|| wrong(ClusterFault::NoRegion, None))?,
        };
        let credentials = self.sessions.credentials(&Identity::Host, &self.host, config, &region, end).await;
        let config = aws_sdk_ecs::config::Builder::from(config).region(region);
        let config = config.credentials_provider(credentials.map_err(nobody)?).build();
        Ok(ClusterQuery {
            cluster,
            client: Client::from_conf(config),
            watch: self.host.watch(),
            deadline: self.deadline,
        })
    }
}

impl ClusterQuery<'_> {
    /// Each as a workload at once: ECS tells a service with its last hundred events.
    async fn services(&self) -> Result<Vec<Workload>, ClusterError> {
        let mut arns = Vec::new();
        let mut next = None;
        loop {
            let asked = self.client.list_services().cluster(self.cluster).max_results(100).set_next_token(next).send();
            let answer = self.answer("ecs:ListServices", asked).await?;
            arns.extend(answer.service_arns.unwrap_or_default());
            next = answer.next_token;
            if next.is_none() {
                break;
            }
        }
        let mut services = Vec::new();
        for arns in arns.chunks(SERVICES_AT_ONCE) {
            let asked = self.client.describe_services().cluster(self.cluster).set_services(Some(arns.to_vec())).send();
            let answer = self.answer("ecs:DescribeServices", asked).await?;
            let found = answer.services.unwrap_or_default().into_iter();
            services.extend(found.filter(|service| service.status() == Some("ACTIVE")).map(of_service));
        }
        Ok(services)
    }

    /// Those that no service has.
    async fn tasks(&self) -> Result<Vec<Workload>, ClusterError> {
        let mut arns = Vec::new();
        let mut next = None;
        loop {
            let asked = self.client.list_tasks().cluster(self.cluster).desired_status(DesiredStatus::Running);
            let answer = self.answer("ecs:ListTasks", Box::pin(asked.set_next_token(next).send())).await?;
            arns.extend(answer.task_arns.unwrap_or_default());
            next = answer.next_token;
            if next.is_none() {
                break;
            }
        }
        let mut tasks = Vec::new();
        for arns in arns.chunks(TASKS_AT_ONCE) {
            let asked = self.client.describe_tasks().cluster(self.cluster).set_tasks(Some(arns.to_vec())).send();
            let found = self.answer("ecs:DescribeTasks", asked).await?.tasks.unwrap_or_default().into_iter();
            let is_alone = |task: &Task| !task.group().is_some_and(|group| group.starts_with("service:"));
            tasks.extend(found.filter(is_alone).map(of_task));
        }
        Ok(tasks)
    }

    /// What comes of a call.
    async fn answer<T, E>(
        &self,
        action: &'static str,
        asked: impl Future<Output = Result<T, aws_sdk_ecs::error::SdkError<E, aws_sdk_ecs::config::http::HttpResponse>>>,
    ) -> Result<T, ClusterError>
    where
        T: aws_sdk_ecs::operation::RequestId,
        E: std::error::Error + aws_sdk_ecs::error::ProvideErrorMetadata + Send + Sync + 'static,
    {
        let wrong = |fault, source| ClusterError { cluster: self.cluster.to_owned(), action, fault, source };
        let operation = action.strip_prefix("ecs:").unwrap_or(action);
        let asked = call(self.watch, ("ECS", operation), asked);
        let answer = timeout(self.deadline, asked).await.map_err(|_| wrong(ClusterFault::TimedOut, None))?;
        answer.map(|CallResponse { answer, .. }| answer).map_err(|FailedCall { meaning, said }| {
            let fault = match meaning {
                CallErrorKind::Unavailable => ClusterFault::Unavailable,
                CallErrorKind::Throttled => ClusterFault::Throttled,
                CallErrorKind::TimedOut => ClusterFault::TimedOut,
                CallErrorKind::IdentityRejected => ClusterFault::IdentityRejected,
                CallErrorKind::ClockSkew => ClusterFault::ClockSkew,
                CallErrorKind::Answer { code, .. } => match &*code {
                    "AccessDeniedException" | "AccessDenied" => ClusterFault::Denied,
                    "ClusterNotFoundException" => ClusterFault::Absent,
                    _ => ClusterFault::Other,
                },
            };
            wrong(fault, Some(said))
        })
    }
}

/// The Region in a cluster's ARN, `arn:aws:ecs:REGION:ACCOUNT:cluster/NAME`.
fn region_of(cluster: &str) -> Option<Region> {
    let region = cluster.strip_prefix("arn:")?.split(':').nth(2)?;
    Some(Region::new(region.to_owned())).filter(|region| !region.as_ref().is_empty())
}

fn of_service(service: Service) -> Workload {
    let strategy = service.capacity_provider_strategy.unwrap_or_default();
    let of_strategy = strategy.iter().map(|item| LaunchType::of_capacity_provider(&item.capacity_provider));
    let said = service.launch_type.and_then(|launch| LaunchType::parse(launch.as_str()));
    // Of one that was replaced no task begins any more.
    let deployed = service.deployments.unwrap_or_default().into_iter();
    let deployed = deployed.filter(|one| one.status() != Some("INACTIVE")).filter_map(|one| one.task_definition);
    let task_sets = service.task_sets.unwrap_or_default().into_iter().filter_map(|one| one.task_definition);
    let mut definitions: Vec<_> = service.task_definition.into_iter().chain(deployed).chain(task_sets).collect();
    definitions.sort();
    definitions.dedup();
    Workload {
        name: service.service_name.unwrap_or_default(),
        launch: said.into_iter().chain(of_strategy).collect(),
        member_of: member_of(service.placement_constraints),
        definitions,
    }
}

fn of_task(task: Task) -> Workload {
    let of_provider = task.capacity_provider_name.as_deref().map(LaunchType::of_capacity_provider);
    let said = task.launch_type.and_then(|launch| LaunchType::parse(launch.as_str()));
    Workload {
        name: task.task_arn.unwrap_or_default(),
        launch: said.or(of_provider).into_iter().collect(),
        member_of: Vec::new(),
        definitions: task.task_definition_arn.into_iter().collect(),
    }
}

fn member_of(constraints: Option<Vec<PlacementConstraint>>) -> Vec<String> {
    let constraints = constraints.unwrap_or_default().into_iter();
    let expressions = constraints.filter(|one| one.r#type == Some(PlacementConstraintType::MemberOf));
    expressions.filter_map(|one| one.expression).collect()
}

fn definition(found: TaskDefinition) -> Definition {
    let containers = found.container_definitions.unwrap_or_default().into_iter().map(|container| {
        let credentials = container.repository_credentials;
        json!({
            "name": container.name,
            "image": container.image,
            "repositoryCredentials":
                credentials.map(|credentials| json!({ "credentialsParameter": credentials.credentials_parameter })),
        })
    });
    let platform = found.runtime_platform.map(|platform| {
        json!({
            "cpuArchitecture": platform.cpu_architecture.map(|word| word.as_str().to_owned()),
            "operatingSystemFamily": platform.operating_system_family.map(|word| word.as_str().to_owned()),
        })
    });
    let json = json!({
        "family": found.family,
        "executionRoleArn": found.execution_role_arn,
        "runtimePlatform": platform,
        "containerDefinitions": containers.collect::<Vec<_>>(),
    });
    let constraints = found.placement_constraints.unwrap_or_default().into_iter();
    let expressions = constraints.filter(|one| one.r#type == Some(TaskDefinitionPlacementConstraintType::MemberOf));
    Definition { json: json.to_string(), member_of: expressions.filter_map(|one| one.expression).collect() }
}

#[cfg(test)]
mod tests {
    use super::region_of;

    #[test]
    fn an_arn_says_the_region() {
        let region = |text| region_of(text).map(|region| region.to_string());
        assert_eq!(region("arn:aws:ecs:eu-west-1:111122223333:cluster/web").as_deref(), Some("eu-west-1"));
        assert_eq!(region("web"), None);
    }
}
