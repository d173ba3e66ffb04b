//! Converts ECS's services, tasks and task definitions into those of `cluster`.

use aws_sdk_ecs::types::{
    PlacementConstraint, PlacementConstraintType, Service, Task, TaskDefinition, TaskDefinitionPlacementConstraintType,
};
use serde_json::json;

use crate::cluster::{ClusterDefinition, LaunchType, Workload};

pub(super) fn service_workload(service: Service) -> Workload {
    let strategy = service.capacity_provider_strategy.unwrap_or_default();
    let providers = strategy.iter().map(|item| LaunchType::from_capacity_provider(&item.capacity_provider));
    let launch_type = service.launch_type.and_then(|launch| LaunchType::parse(launch.as_str()));
    // An inactive deployment starts no more tasks.
    let deployments = service.deployments.unwrap_or_default().into_iter();
    let active = deployments.filter(|deployment| deployment.status() != Some("INACTIVE"));
    let deployed = active.filter_map(|deployment| deployment.task_definition);
    let task_sets = service.task_sets.unwrap_or_default().into_iter().filter_map(|set| set.task_definition);
    let mut definitions: Vec<_> = service.task_definition.into_iter().chain(deployed).chain(task_sets).collect();
    definitions.sort();
    definitions.dedup();
    Workload {
        name: service.service_name.unwrap_or_default(),
        launch: launch_type.into_iter().chain(providers).collect(),
        member_of: member_of(service.placement_constraints),
        definitions,
    }
}

pub(super) fn task_workload(task: Task) -> Workload {
    let provider = task.capacity_provider_name.as_deref().map(LaunchType::from_capacity_provider);
    let launch_type = task.launch_type.and_then(|launch| LaunchType::parse(launch.as_str()));
    Workload {
        name: task.task_arn.unwrap_or_default(),
        launch: launch_type.or(provider).into_iter().collect(),
        member_of: Vec::new(),
        definitions: task.task_definition_arn.into_iter().collect(),
    }
}

fn member_of(constraints: Option<Vec<PlacementConstraint>>) -> Vec<String> {
    let constraints = constraints.unwrap_or_default().into_iter();
    let member_of = constraints.filter(|constraint| constraint.r#type == Some(PlacementConstraintType::MemberOf));
    member_of.filter_map(|constraint| constraint.expression).collect()
}

/// The keys of a task definition that decide about its pulls.
pub(super) fn definition(definition: Option<TaskDefinition>) -> ClusterDefinition {
    let definition = definition.unwrap_or_else(|| TaskDefinition::builder().build());
    let containers = definition.container_definitions.unwrap_or_default().into_iter().map(|container| {
        let credentials = container.repository_credentials;
        json!({
            "name": container.name,
            "image": container.image,
            "repositoryCredentials":
                credentials.map(|credentials| json!({ "credentialsParameter": credentials.credentials_parameter })),
        })
    });
    let platform = definition.runtime_platform.map(|platform| {
        json!({
            "cpuArchitecture": platform.cpu_architecture.map(|word| word.as_str().to_owned()),
            "operatingSystemFamily": platform.operating_system_family.map(|word| word.as_str().to_owned()),
        })
    });
    let json = json!({
        "family": definition.family,
        "executionRoleArn": definition.execution_role_arn,
        "runtimePlatform": platform,
        "containerDefinitions": containers.collect::<Vec<_>>(),
    });
    let constraints = definition.placement_constraints.unwrap_or_default().into_iter();
    let member_of =
        constraints.filter(|constraint| constraint.r#type == Some(TaskDefinitionPlacementConstraintType::MemberOf));
    ClusterDefinition {
        json: json.to_string(),
        member_of: member_of.filter_map(|constraint| constraint.expression).collect(),
    }
}
