//! ECS, JSON 1.1: the calls that read a cluster.
//!
//! The descriptions are the documents that the test stored. Lists come in pages, and a request for
//! more entries than the API reference allows is rejected.

use serde_json::{Value, json};

use super::access::{AccessRequest, ResourcePolicy};
use super::arn::Arn;
use super::protocol::{Protocol, ServiceError, ServiceResult};
use super::state::{AwsState, Service, ServiceCall};

pub const SERVICE: Service =
    Service { name: "ecs", protocol: Protocol::Json, target_prefix: "AmazonEC2ContainerServiceV20141113.", answer };

/// The contents of a cluster: documents that each contain their own ARN.
#[derive(Clone, Default)]
pub struct Cluster {
    pub services: Vec<Value>,
    pub tasks: Vec<Value>,
    pub instances: Vec<Value>,
}

fn answer(state: &mut AwsState, call: &ServiceCall) -> ServiceResult {
    match call.operation.as_str() {
        "ListServices" => list(state, call, "serviceArns", 10, |cluster| names(&cluster.services, "serviceArn")),
        "ListTasks" => list(state, call, "taskArns", 100, |cluster| names(&cluster.tasks, "taskArn")),
        "DescribeServices" => describe(state, call, "services", ("serviceArn", 10), |cluster| &cluster.services),
        "DescribeTasks" => describe(state, call, "tasks", ("taskArn", 100), |cluster| &cluster.tasks),
        "DescribeContainerInstances" => {
            describe(state, call, "containerInstances", ("containerInstanceArn", 100), |cluster| &cluster.instances)
        }
        "DescribeTaskDefinition" => task_definition(state, call),
        other => Err(ServiceError::new(400, "UnknownOperationException", other)),
    }
}

fn names(documents: &[Value], key: &str) -> Vec<Value> {
    documents.iter().map(|document| document[key].clone()).collect()
}

/// One page of a list: `usually` entries if the request names no size, 100 at most. The token is
/// the index at which the next page starts.
fn list(
    state: &AwsState,
    call: &ServiceCall,
    key: &str,
    usually: usize,
    names: fn(&Cluster) -> Vec<Value>,
) -> ServiceResult {
    check_permission(call)?;
    let names = names(cluster(state, call)?);
    let size = call
        .parameters
        .get("maxResults")
        .and_then(Value::as_u64)
        .map_or(usually, |size| usize::try_from(size).expect("a size"));
    if !(1..=100).contains(&size) {
        return Err(invalid("maxResults must be between 1 and 100."));
    }
    let from = call.text("nextToken").map_or(Ok(0), str::parse).map_err(|_| invalid("Invalid token"))?;
    let to = names.len().min(from + size);
    let mut page = json!({ key: names[from..to] });
    if to < names.len() {
        page["nextToken"] = json!(to.to_string());
    }
    Ok(page.to_string())
}

/// The documents requested by ARN or by its last part; a failure entry for each that does not exist.
fn describe(
    state: &AwsState,
    call: &ServiceCall,
    key: &str,
    (name, at_most): (&str, usize),
    documents: fn(&Cluster) -> &Vec<Value>,
) -> ServiceResult {
    check_permission(call)?;
    let documents = documents(cluster(state, call)?);
    let requested: Vec<_> = call.parameters[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if requested.is_empty() || requested.len() > at_most {
        return Err(invalid(&format!("{key} must have 1 to {at_most} entries.")));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for requested in requested {
        let matches = |arn: &str| arn == requested || arn.rsplit('/').next() == Some(requested);
        match documents.iter().find(|document| document[name].as_str().is_some_and(matches)) {
            Some(document) => found.push(document.clone()),
            None => failures.push(json!({ "arn": requested, "reason": "MISSING" })),
        }
    }
    Ok(json!({ key: found, "failures": failures }).to_string())
}

fn task_definition(state: &AwsState, call: &ServiceCall) -> ServiceResult {
    check_permission(call)?;
    let arn = call.text("taskDefinition").unwrap_or_default();
    let found = state.task_definitions.get(arn).filter(|_| Arn::read(arn).is_some_and(|arn| arn.region == call.region));
    let found =
        found.ok_or_else(|| ServiceError::new(400, "ClientException", "Unable to describe task definition."))?;
    Ok(json!({ "taskDefinition": found, "tags": [] }).to_string())
}

/// Finds the cluster by name or ARN in the Region of the request.
fn cluster<'w>(state: &'w AwsState, call: &ServiceCall) -> Result<&'w Cluster, ServiceError> {
    let name = call.text("cluster").unwrap_or("default");
    let (partition, account) = (call.caller.parts().partition, call.caller.account());
    let arn = format!("arn:{partition}:ecs:{}:{account}:cluster/{name}", call.region);
    let is_here = |name: &str| Arn::read(name).is_some_and(|arn| arn.region == call.region);
    let found = state.clusters.get(&arn).or_else(|| state.clusters.get(name).filter(|_| is_here(name)));
    found.ok_or_else(|| ServiceError::new(400, "ClusterNotFoundException", "Cluster not found."))
}

/// The decision is about any resource of the cluster, like the policies in `docs/agent.md`.
fn check_permission(call: &ServiceCall) -> Result<(), ServiceError> {
    let action = format!("ecs:{}", call.operation);
    let (partition, account) = (call.caller.parts().partition, call.caller.account());
    let within = format!("arn:{partition}:ecs:{}:{account}", call.region);
    let name = call.text("cluster").unwrap_or("default");
    let cluster = if name.starts_with("arn:") { name.to_owned() } else { format!("{within}:cluster/{name}") };
    let is_clusterless = call.operation == "DescribeTaskDefinition";
    let context = (!is_clusterless).then(|| ("ecs:cluster".to_owned(), cluster)).into_iter().collect();
    let (resource, rule) = (format!("{within}:any"), ResourcePolicy::MayAllow);
    let access = AccessRequest { action: &action, resource: &resource, region: &call.region, context, rule };
    let sentence = |denied: super::access::Denial| denied.sentence(&call.caller, &action, "*");
    let decision = access.decide(&call.caller, None);
    decision.map_err(|denied| ServiceError::new(400, "AccessDeniedException", sentence(denied)))
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(400, "InvalidParameterException", message)
}
