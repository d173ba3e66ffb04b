//! Prefetch for an ECS cluster: images of workloads that may be placed on this host are pulled ahead of time.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::aws::{AwsFault, Cluster, Policy};
use crate::support::engine::RegistryAuth;
use crate::support::fault::Calls;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, SECRET};
use crate::support::run::Run;
use crate::support::world::{ApiResponse, FolderAgent, connect, container, http_request, open_container};

const CLUSTER: &str = "arn:aws:ecs:eu-west-1:111122223333:cluster/web";
const INSTANCE: &str = "arn:aws:ecs:eu-west-1:111122223333:container-instance/web/0123456789abcdef";

/// The policy that `docs/agent.md` prints, plus the right to read secrets.
fn policy() -> Policy {
    let text = include_str!("../../docs/agent.md").split("## Prefetching for an ECS cluster").nth(1).unwrap();
    let text = text.split("```json").nth(1).unwrap().split("```").next().unwrap();
    Policy::from(text).and(Policy::allow(GET_SECRET_VALUE, "*"))
}

fn definition(name: &str) -> String {
    definition_in("eu-west-1", name)
}

fn definition_in(region: &str, name: &str) -> String {
    format!("arn:aws:ecs:{region}:111122223333:task-definition/{name}:1")
}

fn image(name: &str) -> String {
    format!("registry.example/{name}:1")
}

/// An ECS service whose task definition has the service's own name.
fn service(name: &str, more: &Value) -> Value {
    let mut service = json!({
        "serviceName": name, "status": "ACTIVE", "taskDefinition": definition(name), "desiredCount": 1,
        "serviceArn": format!("arn:aws:ecs:eu-west-1:111122223333:service/web/{name}"),
    });
    service.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    service
}

fn ec2(name: &str) -> Value {
    service(name, &json!({ "launchType": "EC2" }))
}

fn task(name: &str, more: &Value) -> Value {
    let mut task = json!({
        "taskArn": format!("arn:aws:ecs:eu-west-1:111122223333:task/web/{name}"), "lastStatus": "RUNNING",
        "taskDefinitionArn": definition(name), "launchType": "EC2", "group": format!("family:{name}"),
    });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

/// An agent that prefetches for the cluster `web` and scans it every second.
struct PrefetchAgent(FolderAgent);

impl PrefetchAgent {
    fn new(cluster: Cluster) -> Self {
        let agent = FolderAgent::new();
        agent.world.aws.put_user(HOST_USER, policy());
        agent.world.aws.put_cluster(CLUSTER, cluster);
        Self(agent)
    }

    /// Registers a task definition with one image that has the definition's name.
    fn define(&self, name: &str, more: &Value) -> &Self {
        self.define_at(&definition(name), name, more)
    }

    fn define_at(&self, arn: &str, name: &str, more: &Value) -> &Self {
        let containers = [open_container("app", &image(name))];
        let mut task = json!({ "taskDefinitionArn": arn, "family": name, "containerDefinitions": containers });
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.0.world.aws.put_task_definition(arn, task);
        self
    }

    fn define_all(&self, names: &[&str]) -> &Self {
        for name in names {
            self.define(name, &json!({}));
        }
        self
    }

    fn start(self) -> Self {
        self.start_with("web", |run| run)
    }

    fn start_with(self, cluster: &str, more: impl FnOnce(Run) -> Run) -> Self {
        let configure = |run: Run| {
            let run = run.env("TASKPULL_ECS_CLUSTER", cluster).env("TASKPULL_ECS_INTERVAL", "1s");
            more(run.env("AWS_REGION", "eu-west-1"))
        };
        Self(self.0.start_with(&[], "0", configure))
    }

    fn call_count(&self, operation: &str) -> usize {
        self.0.world.aws.call_count(operation)
    }

    /// Waits until the cluster has been scanned `times` more times.
    fn wait_for_scans(&self, times: usize) {
        let before = self.call_count("ListServices");
        self.0.wait_until("the cluster is scanned", || self.call_count("ListServices") >= before + times);
    }

    fn has_pulled(&self, name: &str) -> bool {
        self.0.world.engine.pull_count(&image(name)) > 0
    }

    fn wait_for_pulls(&self, names: &[&str]) {
        for name in names {
            self.0.wait_for_pulls(&image(name), 1);
        }
    }

    fn get(&self, path: &str) -> ApiResponse {
        let mut stream = connect(&self.0.sibling_path("taskpull.sock"));
        stream.write_all(&http_request("GET", path, &[], "")).unwrap();
        ApiResponse::read(stream)
    }
}

#[test]
fn every_page_of_services_and_tasks_is_prefetched() {
    let services: Vec<_> = (0..205).map(|number| format!("service-{number}")).collect();
    let tasks: Vec<_> = (0..130).map(|number| format!("task-{number}")).collect();
    let agent = PrefetchAgent::new(Cluster {
        services: services.iter().map(|name| ec2(name)).collect(),
        tasks: tasks.iter().map(|name| task(name, &json!({}))).collect(),
        instances: Vec::new(),
    });
    for name in services.iter().chain(&tasks) {
        agent.define(name, &json!({}));
    }
    let agent = agent.start_with("web", |run| run.env("TASKPULL_ECS_INTERVAL", "1h"));
    for name in services.iter().chain(&tasks) {
        agent.0.wait_for_pulls(&image(name), 1);
    }
    let calls = ["ListServices", "DescribeServices", "ListTasks", "DescribeTasks", "DescribeTaskDefinition"];
    assert_eq!(calls.map(|call| agent.call_count(call)), [3, 21, 2, 2, 335]);
    let metrics = agent.get("/v1/metrics").body;
    for line in ["operation=\"ListServices\"", "operation=\"DescribeTaskDefinition\""] {
        assert!(metrics.lines().any(|metric| metric.starts_with("taskpull_aws_calls_total") && metric.contains(line)));
    }
}

#[test]
fn images_of_unplaceable_workloads_are_not_pulled() {
    let strategy = |name: &str| json!({ "capacityProviderStrategy": [{ "capacityProvider": name, "weight": 1 }] });
    let deployments = json!({ "deployments": [
        { "id": "1", "status": "PRIMARY", "taskDefinition": definition("newer") },
        { "id": "2", "status": "ACTIVE", "taskDefinition": definition("older") },
        { "id": "3", "status": "INACTIVE", "taskDefinition": definition("oldest") },
    ] });
    let member_of = |expression: &str| json!([{ "type": "memberOf", "expression": expression }]);
    let constrained = |expression: &str| json!({ "placementConstraints": member_of(expression) });
    let agent = PrefetchAgent::new(Cluster {
        services: vec![
            ec2("plain"),
            service("own-provider", &strategy("my-instances")),
            service("newer", &deployments),
            service("stack-web", &constrained("attribute:stack == web")),
            service("stack-api", &constrained("attribute:stack == api")),
            ec2("defined-api"),
            service("inactive", &json!({ "status": "INACTIVE" })),
            service("draining", &json!({ "status": "DRAINING" })),
            service("fargate", &json!({ "launchType": "FARGATE" })),
            service("managed", &json!({ "launchType": "MANAGED_INSTANCES" })),
            service("external", &json!({ "launchType": "EXTERNAL" })),
            service("spot", &strategy("FARGATE_SPOT")),
            ec2("windows"),
        ],
        tasks: vec![
            task("alone", &json!({})),
            task("of-a-service", &json!({ "group": "service:gone" })),
            task("task-fargate", &json!({ "launchType": "FARGATE" })),
        ],
        instances: vec![json!({
            "containerInstanceArn": INSTANCE, "ec2InstanceId": "i-1",
            "attributes": [{ "name": "stack", "value": "web" }, { "name": "ecs.capability.anything" }],
        })],
    });
    agent.define_all(&["plain", "own-provider", "newer", "older", "oldest", "stack-web", "stack-api", "inactive"]);
    agent.define_all(&["draining", "fargate", "managed", "external", "spot", "alone", "of-a-service", "task-fargate"]);
    agent.define("defined-api", &constrained("attribute:stack == api"));
    let windows = json!({ "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "X86_64" });
    agent.define("windows", &json!({ "runtimePlatform": windows }));
    let agent = agent.start_with("web", |run| run.env("TASKPULL_ECS_CONTAINER_INSTANCE", "0123456789abcdef"));
    agent.wait_for_pulls(&["plain", "own-provider", "newer", "older", "stack-web", "alone"]);
    agent.wait_for_scans(2);
    let mut pulled: Vec<_> = agent.0.world.engine.pulls().into_iter().map(|pull| pull.image).collect();
    pulled.sort();
    assert_eq!(pulled, ["alone", "newer", "older", "own-provider", "plain", "stack-web"].map(image));
}

#[test]
fn new_revision_is_pulled_with_its_credential_and_replaces_the_old() {
    let agent = PrefetchAgent::new(Cluster { services: vec![ec2("one")], ..Cluster::default() });
    let private = json!({ "containerDefinitions": [container("app", &image("two"), SECRET)] });
    agent.define_all(&["one"]).define("two", &private);
    let agent = agent.start();
    agent.wait_for_pulls(&["one"]);
    let status = || {
        let run = Run::new(["status", "--socket"]).arg(agent.0.sibling_path("taskpull.sock"));
        agent.0.world.configure(run).output().stdout
    };
    assert!(status().contains("ecs") && status().contains(&definition("one")), "{}", status());
    agent.0.world.aws.put_cluster(CLUSTER, Cluster { services: vec![ec2("two")], ..Cluster::default() });
    agent.wait_for_pulls(&["two"]);
    let pulls = agent.0.world.engine.pulls();
    let two = pulls.iter().find(|pull| pull.image == image("two")).unwrap();
    assert!(matches!(two.auth, RegistryAuth::Config(_)), "{two:?}");
    assert!(!status().contains(&definition("one")), "{}", status());
}

#[test]
fn denied_ecs_call_is_named_and_recovers_once_allowed() {
    let agent = PrefetchAgent::new(Cluster { services: vec![ec2("one")], ..Cluster::default() });
    agent.define_all(&["one"]);
    agent.0.world.aws.put_user(HOST_USER, policy().and(Policy::deny("ecs:DescribeServices", "*")));
    let agent = agent.start();
    agent.0.wait_for_log("cluster could not be read");
    agent.wait_for_scans(2);
    let lines = agent.0.log_lines("cluster could not be read");
    assert_eq!(lines.len(), 1, "{lines:?}");
    for words in ["the host is not allowed to call ecs:DescribeServices", "remove the deny", "request id"] {
        assert!(lines[0].contains(words), "{words}: {lines:?}");
    }
    assert!(!agent.has_pulled("one"));
    agent.0.world.aws.put_user(HOST_USER, policy());
    agent.wait_for_pulls(&["one"]);
    agent.0.wait_for_log("cluster can be read again");
}

#[test]
fn ecs_outage_is_logged_once_and_known_images_stay_scheduled() {
    let agent = PrefetchAgent::new(Cluster { services: vec![ec2("one")], ..Cluster::default() });
    agent.define_all(&["one", "two"]);
    let agent = agent.start_with("web", |run| run.env("TASKPULL_ECS_PULL_INTERVAL", "2s"));
    agent.wait_for_pulls(&["one"]);
    agent.0.world.aws.inject_fault("ListServices", Calls::Every, AwsFault::Status(503));
    agent.0.wait_for_log("gave no usable answer to ecs:ListServices");
    let pulls = agent.0.world.engine.pull_count(&image("one"));
    agent.0.world.aws.put_cluster(CLUSTER, Cluster { services: vec![ec2("two")], ..Cluster::default() });
    agent.wait_for_scans(7);
    agent.0.wait_for_pulls(&image("one"), pulls + 1);
    assert_eq!(
        agent.0.log_lines("cluster could not be read").len(),
        1,
        "lines that differ only in the request id are logged once"
    );
    assert!(!agent.has_pulled("two"));
}

#[test]
fn throttled_cluster_scan_completes_later() {
    let names: Vec<_> = (0..5).map(|number| format!("service-{number}")).collect();
    let agent =
        PrefetchAgent::new(Cluster { services: names.iter().map(|name| ec2(name)).collect(), ..Cluster::default() });
    for name in &names {
        agent.define(name, &json!({}));
    }
    let aws = &agent.0.world.aws;
    aws.inject_fault("DescribeTaskDefinition", Calls::From(3), AwsFault::Throttle);
    let agent = agent.start();
    agent.0.wait_for_log("is throttling ecs:DescribeTaskDefinition");
    let pulled = || names.iter().filter(|name| agent.has_pulled(name)).count();
    agent.0.wait_until("images described before the throttling are pulled", || pulled() == 2);
    agent.0.world.aws.inject_fault("DescribeTaskDefinition", Calls::Every, AwsFault::Slow(Duration::ZERO));
    agent.0.wait_until("all images are pulled", || pulled() == 5);
}

#[test]
fn refused_definition_is_logged_once_and_others_are_pulled() {
    let services = vec![ec2("absent"), ec2("one"), ec2("two")];
    let agent = PrefetchAgent::new(Cluster { services, ..Cluster::default() });
    agent.define_all(&["one", "two"]);
    let agent = agent.start();
    agent.wait_for_pulls(&["one", "two"]);
    agent.wait_for_scans(3);
    let lines = agent.0.log_lines("its images are not prefetched");
    assert_eq!(lines.len(), 1, "{lines:?}");
    for words in [&*definition("absent"), "Unable to describe task definition."] {
        assert!(lines[0].contains(words), "{words}: {lines:?}");
    }
    agent.define_all(&["absent"]);
    agent.wait_for_pulls(&["absent"]);
}

#[test]
fn region_comes_from_the_cluster_arn() {
    let agent = PrefetchAgent::new(Cluster::default());
    let (cluster, name) = ("arn:aws:ecs:us-west-2:111122223333:cluster/far", "one");
    let arn = definition_in("us-west-2", name);
    agent.define_at(&arn, name, &json!({}));
    let services = vec![service(name, &json!({ "launchType": "EC2", "taskDefinition": arn }))];
    agent.0.world.aws.put_cluster(cluster, Cluster { services, ..Cluster::default() });
    agent.0.world.aws.put_user(HOST_USER, Policy::allow("ecs:*", "*"));
    let agent = agent.start_with(cluster, |run| run);
    agent.wait_for_pulls(&[name]);
    let calls = agent.0.world.aws.calls();
    let regions = calls.iter().filter(|call| call.service == "ecs").filter_map(|call| call.region.as_deref());
    assert!(regions.clone().count() > 0 && regions.into_iter().all(|region| region == "us-west-2"), "{calls:?}");
}

#[test]
fn missing_cluster_or_instance_error_says_what_to_do() {
    let assert_logged = |cluster: &str, words: &[&str]| {
        let agent = PrefetchAgent::new(Cluster { services: vec![ec2("one")], ..Cluster::default() });
        agent.define_all(&["one"]);
        agent.0.world.aws.put_user(HOST_USER, Policy::allow("ecs:*", "*"));
        let agent = agent.start_with(cluster, |run| {
            if cluster == "web" { run.env("TASKPULL_ECS_CONTAINER_INSTANCE", "feed") } else { run }
        });
        agent.0.wait_for_log("cluster could not be read");
        let line = agent.0.log_lines("cluster could not be read").remove(0);
        for words in words {
            assert!(line.contains(words), "{words}: {line}");
        }
        assert!(!agent.has_pulled("one"));
    };
    assert_logged("elsewhere", &["there is no such cluster", "aws ecs list-clusters"]);
    assert_logged("web", &["no such container instance", "feed", "localhost:51678/v1/metadata"]);
}

#[test]
fn agent_ends_while_ecs_hangs() {
    let agent = PrefetchAgent::new(Cluster::default());
    agent.0.world.aws.inject_fault("ListServices", Calls::Every, AwsFault::Hang);
    let configure = |run: Run| run.env("TASKPULL_DRAIN_TIMEOUT", "1h").env("TASKPULL_SECRETS_TIMEOUT", "5m");
    let agent = agent.start_with("web", configure);
    agent.0.wait_until("ECS is called", || agent.call_count("ListServices") > 0);
    let id = Pid::from_raw(i32::try_from(agent.0.id()).unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    agent.0.wait_until("the agent ends", || UnixStream::connect(agent.0.sibling_path("taskpull.sock")).is_err());
}
