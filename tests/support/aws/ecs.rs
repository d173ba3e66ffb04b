//! ECS, JSON 1.1: the calls that look at a cluster.
//!
//! What is described is what the test has put, in ECS's own words. Lists come in pages, and
//! whoever asks for more at once than the API reference allows is refused.

use serde_json::{Value, json};

use super::access::{AccessRequest, ResourcePolicy};
use super::arn::Arn;
use super::protocol::{Protocol, ServiceError, ServiceResult};
use super::state::{AwsState, Service, ServiceCall};

pub const SERVICE: Service =
    Service { name: "ecs", protocol: Protocol::Json, target_prefix: "AmazonEC2ContainerServiceV20141113.", answer };

/// What is in a cluster, each by the ARN that it has in itself.
#[derive(Clone, Default)]
pub struct Cluster {
    pub services: Vec<Value>,
    pub tasks: Vec<Value>,
    pub instances: Vec<Value>,
}

fn answer(state: &mut AwsState, call: &ServiceCall) -> ServiceResult {
    match call.operation.as_str() {
        "ListServices" => list(state, call, "serviceArns", 10, |it| names(&it.services, "serviceArn")),
        "ListTasks" => list(state, call, "taskArns", 100, |it| names(&it.tasks, "taskArn")),
        "DescribeServices" => describe(state, call, "services", ("serviceArn", 10), |it| &it.services),
        "DescribeTasks" => describe(state, call, "tasks", ("taskArn", 100), |it| &it.tasks),
        "DescribeContainerInstances" => {
            describe(state, call, "containerInstances", ("containerInstanceArn", 100), |it| &it.instances)
        }
        "DescribeTaskDefinition" => task_definition(state, call),
        other => Err(ServiceError::new(400, "UnknownOperationException", other)),
    }
}

fn names(things: &[Value], key: &str) -> Vec<Value> {
    things.iter().map(|thing| thing[key].clone()).collect()
}

/// A page: `usually` many where the caller says nothing, 100 at most. The token is where the
/// next one begins.
fn list(
    state: &AwsState,
    call: &ServiceCall,
    key: &str,
    usually: usize,
    names: fn(&Cluster) -> Vec<Value>,
) -> ServiceResult {
    allowed(call)?;
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

/// Those that are asked for, by ARN or by its last part; of the others only that they are not there.
fn describe(
    state: &AwsState,
    call: &ServiceCall,
    key: &str,
    (name, at_most): (&str, usize),
    things: fn(&Cluster) -> &Vec<Value>,
) -> ServiceResult {
    allowed(call)?;
    let things = things(cluster(state, call)?);
    let wanted: Vec<_> = call.parameters[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if wanted.is_empty() || wanted.len() > at_most {
        return Err(invalid(&format!("{key} must have 1 to {at_most} entries.")));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for wanted in wanted {
        let is_it = |arn: &str| arn == wanted || arn.rsplit('/').next() == Some(wanted);
        match things.iter().find(|thing| thing[name].as_str().is_some_and(is_it)) {
            Some(thing) => found.push(thing.clone()),
            None => failures.push(json!({ "arn": wanted, "reason": "MISSING" })),
        }
    }
    Ok(json!({ key: found, "failures": failures }).to_string())
}

fn task_definition(state: &AwsState, call: &ServiceCall) -> ServiceResult {
    allowed(call)?;
    let arn = call.text("taskDefinition").unwrap_or_default();
    let found = state.task_definitions.get(arn).filter(|_| Arn::read(arn).is_some_and(|it| it.region == call.region));
    let found =
        found.ok_or_else(|| ServiceError::new(400, "ClientException", "Unable to describe task definition."))?;
    Ok(json!({ "taskDefinition": found, "tags": [] }).to_string())
}

/// By name or ARN, in the Region that is asked.
fn cluster<'w>(state: &'w AwsState, call: &ServiceCall) -> Result<&'w Cluster, ServiceError> {
    let name = call.text("cluster").unwrap_or("default");
    let (partition, account) = (call.caller.parts().partition, call.caller.account());
    let arn = format!("arn:{partition}:ecs:{}:{account}:cluster/{name}", call.region);
    let is_here = |name: &str| Arn::read(name).is_some_and(|it| it.region == call.region);
    let found = state.clusters.get(&arn).or_else(|| state.clusters.get(name).filter(|_| is_here(name)));
    found.ok_or_else(|| ServiceError::new(400, "ClusterNotFoundException", "Cluster not found."))
}

/// The decision is about any resource of the cluster's, as the policies of `docs/agent.md` are.
fn allowed(call: &ServiceCall) -> Result<(), ServiceError> {
    let action = format!("ecs:{}", call.operation);
    let (partition, account) = (call.caller.parts().partition, call.caller.account());
    let within = format!("arn:{partition}:ecs:{}:{account}", call.region);
    let name = call.text("cluster").unwrap_or("default");
    let cluster = if name.starts_with("arn:") { name.to_owned() } else { format!("{within}:cluster/{name}") };
    let of_no_cluster = call.operation == "DescribeTaskDefinition";
    let context = (!of_no_cluster).then(|| ("ecs:cluster".to_owned(), cluster)).into_iter().collect();
    let (resource, rule) = (format!("{within}:any"), ResourcePolicy::MayAllow);
    let access = AccessRequest { action: &action, resource: &resource, region: &call.region, context, rule };
    let sentence = |denied: super::access::Denial| denied.sentence(&call.caller, &action, "*");
    let decided = access.decide(&call.caller, None);
    decided.map_err(|denied| ServiceError::new(400, "AccessDeniedException", sentence(denied)))
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(400, "InvalidParameterException", message)
}
