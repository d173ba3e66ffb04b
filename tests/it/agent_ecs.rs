//! An ECS cluster, kept warm: what may be placed here is pulled before it is.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::agent_folder::FolderAgent;
use crate::agent_world::{ApiResponse, connect, http_request};
use crate::support::aws::{AwsFault, Cluster, Policy};
use crate::support::engine::RegistryAuth;
use crate::support::fault::Calls;
use crate::support::run::Run;
use crate::support_aws_client::{GET_SECRET_VALUE, HOST_USER, SECRET};
use crate::task::{container, open_container};

const CLUSTER: &str = "arn:aws:ecs:eu-west-1:111122223333:cluster/web";
const INSTANCE: &str = "arn:aws:ecs:eu-west-1:111122223333:container-instance/web/0123456789abcdef";

/// The policy of `docs/agent.md`, and what the host reads besides.
fn policy() -> Policy {
    let text = include_str!("../../docs/agent.md").split("## An ECS cluster, kept warm").nth(1).unwrap();
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

/// A service of one definition that is called as it is.
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

/// An agent whose cluster is `web`, looked at every second.
struct Warm(FolderAgent);

impl Warm {
    fn new(cluster: Cluster) -> Self {
        let agent = FolderAgent::new();
        agent.world.aws.put_user(HOST_USER, policy());
        agent.world.aws.put_cluster(CLUSTER, cluster);
        Self(agent)
    }

    /// Registers a definition that has one image of its name.
    fn defines(&self, name: &str, more: &Value) -> &Self {
        self.defines_at(&definition(name), name, more)
    }

    fn defines_at(&self, arn: &str, name: &str, more: &Value) -> &Self {
        let containers = [open_container("app", &image(name))];
        let mut task = json!({ "taskDefinitionArn": arn, "family": name, "containerDefinitions": containers });
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.0.world.aws.put_task_definition(arn, task);
        self
    }

    fn define_all(&self, names: &[&str]) -> &Self {
        for name in names {
            self.defines(name, &json!({}));
        }
        self
    }

    fn start(self) -> Self {
        self.start_with("web", |run| run)
    }

    fn start_with(self, cluster: &str, more: impl FnOnce(Run) -> Run) -> Self {
        let of_cluster = |run: Run| {
            let run = run.env("TASKPULL_ECS_CLUSTER", cluster).env("TASKPULL_ECS_INTERVAL", "1s");
            more(run.env("AWS_REGION", "eu-west-1"))
        };
        Self(self.0.start_with(&[], "0", of_cluster))
    }

    fn asked(&self, operation: &str) -> usize {
        self.0.world.aws.call_count(operation)
    }

    /// Waits until the cluster was asked for so often more from now on.
    fn looks(&self, times: usize) {
        let before = self.asked("ListServices");
        self.0.wait_until("looks", || self.asked("ListServices") >= before + times);
    }

    fn has(&self, name: &str) -> bool {
        self.0.world.engine.pull_count(&image(name)) > 0
    }

    fn gets(&self, names: &[&str]) {
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
fn services_and_tasks_beyond_a_page_are_all_kept_warm_and_the_calls_counted() {
    let services: Vec<_> = (0..205).map(|number| format!("service-{number}")).collect();
    let tasks: Vec<_> = (0..130).map(|number| format!("task-{number}")).collect();
    let warm = Warm::new(Cluster {
        services: services.iter().map(|name| ec2(name)).collect(),
        tasks: tasks.iter().map(|name| task(name, &json!({}))).collect(),
        instances: Vec::new(),
    });
    for name in services.iter().chain(&tasks) {
        warm.defines(name, &json!({}));
    }
    let warm = warm.start_with("web", |run| run.env("TASKPULL_ECS_INTERVAL", "1h"));
    for name in services.iter().chain(&tasks) {
        warm.0.wait_for_pulls(&image(name), 1);
    }
    let calls = ["ListServices", "DescribeServices", "ListTasks", "DescribeTasks", "DescribeTaskDefinition"];
    assert_eq!(calls.map(|call| warm.asked(call)), [3, 21, 2, 2, 335]);
    let metrics = warm.get("/v1/metrics").body;
    for line in ["operation=\"ListServices\"", "operation=\"DescribeTaskDefinition\""] {
        assert!(metrics.lines().any(|found| found.starts_with("taskpull_aws_calls_total") && found.contains(line)));
    }
}

#[test]
fn what_cannot_be_placed_here_is_not_pulled() {
    let strategy = |name: &str| json!({ "capacityProviderStrategy": [{ "capacityProvider": name, "weight": 1 }] });
    let deployments = json!({ "deployments": [
        { "id": "1", "status": "PRIMARY", "taskDefinition": definition("newer") },
        { "id": "2", "status": "ACTIVE", "taskDefinition": definition("older") },
        { "id": "3", "status": "INACTIVE", "taskDefinition": definition("oldest") },
    ] });
    let member_of = |expression: &str| json!([{ "type": "memberOf", "expression": expression }]);
    let constrained = |expression: &str| json!({ "placementConstraints": member_of(expression) });
    let warm = Warm::new(Cluster {
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
    warm.define_all(&["plain", "own-provider", "newer", "older", "oldest", "stack-web", "stack-api", "inactive"]);
    warm.define_all(&["draining", "fargate", "managed", "external", "spot", "alone", "of-a-service", "task-fargate"]);
    warm.defines("defined-api", &constrained("attribute:stack == api"));
    let windows = json!({ "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "X86_64" });
    warm.defines("windows", &json!({ "runtimePlatform": windows }));
    let warm = warm.start_with("web", |run| run.env("TASKPULL_ECS_CONTAINER_INSTANCE", "0123456789abcdef"));
    warm.gets(&["plain", "own-provider", "newer", "older", "stack-web", "alone"]);
    warm.looks(2);
    let mut pulled: Vec<_> = warm.0.world.engine.pulls().into_iter().map(|pull| pull.image).collect();
    pulled.sort();
    assert_eq!(pulled, ["alone", "newer", "older", "own-provider", "plain", "stack-web"].map(image));
}

#[test]
fn a_new_revision_is_pulled_with_its_own_credential_and_the_old_one_no_longer_shown() {
    let warm = Warm::new(Cluster { services: vec![ec2("one")], ..Cluster::default() });
    let private = json!({ "containerDefinitions": [container("app", &image("two"), SECRET)] });
    warm.define_all(&["one"]).defines("two", &private);
    let warm = warm.start();
    warm.gets(&["one"]);
    let status = || {
        let run = Run::new(["status", "--socket"]).arg(warm.0.sibling_path("taskpull.sock"));
        warm.0.world.configure(run).output().stdout
    };
    assert!(status().contains("ecs") && status().contains(&definition("one")), "{}", status());
    warm.0.world.aws.put_cluster(CLUSTER, Cluster { services: vec![ec2("two")], ..Cluster::default() });
    warm.gets(&["two"]);
    let pulls = warm.0.world.engine.pulls();
    let two = pulls.iter().find(|pull| pull.image == image("two")).unwrap();
    assert!(matches!(two.auth, RegistryAuth::Config(_)), "{two:?}");
    assert!(!status().contains(&definition("one")), "{}", status());
}

#[test]
fn a_denial_names_the_action_and_is_over_when_it_is_allowed() {
    let warm = Warm::new(Cluster { services: vec![ec2("one")], ..Cluster::default() });
    warm.define_all(&["one"]);
    warm.0.world.aws.put_user(HOST_USER, policy().and(Policy::deny("ecs:DescribeServices", "*")));
    let warm = warm.start();
    warm.0.wait_for_log("nothing new is pulled");
    warm.looks(2);
    let said = warm.0.log_lines("nothing new is pulled");
    assert_eq!(said.len(), 1, "{said:?}");
    for words in ["the host is not allowed ecs:DescribeServices", "in the policy of the host's identity", "request id"]
    {
        assert!(said[0].contains(words), "{words}: {said:?}");
    }
    assert!(!warm.has("one"));
    warm.0.world.aws.put_user(HOST_USER, policy());
    warm.gets(&["one"]);
    warm.0.wait_for_log("the cluster is looked at again");
}

#[test]
fn an_outage_is_told_once_and_takes_nothing_away() {
    let warm = Warm::new(Cluster { services: vec![ec2("one")], ..Cluster::default() });
    warm.define_all(&["one", "two"]);
    let warm = warm.start_with("web", |run| run.env("TASKPULL_ECS_PULL_INTERVAL", "2s"));
    warm.gets(&["one"]);
    warm.0.world.aws.inject_fault("ListServices", Calls::Every, AwsFault::Status(503));
    warm.0.wait_for_log("did not answer ecs:ListServices properly");
    let pulls = warm.0.world.engine.pull_count(&image("one"));
    warm.0.world.aws.put_cluster(CLUSTER, Cluster { services: vec![ec2("two")], ..Cluster::default() });
    warm.looks(7);
    warm.0.wait_for_pulls(&image("one"), pulls + 1);
    assert_eq!(warm.0.log_lines("nothing new is pulled").len(), 1, "the request's id is another each time");
    assert!(!warm.has("two"));
}

#[test]
fn throttling_costs_time_and_nothing_else() {
    let names: Vec<_> = (0..5).map(|number| format!("service-{number}")).collect();
    let warm = Warm::new(Cluster { services: names.iter().map(|name| ec2(name)).collect(), ..Cluster::default() });
    for name in &names {
        warm.defines(name, &json!({}));
    }
    let aws = &warm.0.world.aws;
    aws.inject_fault("DescribeTaskDefinition", Calls::From(3), AwsFault::Throttle);
    let warm = warm.start();
    warm.0.wait_for_log("ECS is throttling ecs:DescribeTaskDefinition");
    let pulled = || names.iter().filter(|name| warm.has(name)).count();
    warm.0.wait_until("what was told before is pulled", || pulled() == 2);
    warm.0.world.aws.inject_fault("DescribeTaskDefinition", Calls::Every, AwsFault::Slow(Duration::ZERO));
    warm.0.wait_until("all of them", || pulled() == 5);
}

#[test]
fn a_definition_that_ecs_refuses_costs_no_other_and_is_told_once() {
    let services = vec![ec2("absent"), ec2("one"), ec2("two")];
    let warm = Warm::new(Cluster { services, ..Cluster::default() });
    warm.define_all(&["one", "two"]);
    let warm = warm.start();
    warm.gets(&["one", "two"]);
    warm.looks(3);
    let said = warm.0.log_lines("its images are not kept here");
    assert_eq!(said.len(), 1, "{said:?}");
    for words in [&*definition("absent"), "Unable to describe task definition."] {
        assert!(said[0].contains(words), "{words}: {said:?}");
    }
    warm.define_all(&["absent"]);
    warm.gets(&["absent"]);
}

#[test]
fn the_cluster_s_arn_says_its_region() {
    let warm = Warm::new(Cluster::default());
    let (there, name) = ("arn:aws:ecs:us-west-2:111122223333:cluster/far", "one");
    let arn = definition_in("us-west-2", name);
    warm.defines_at(&arn, name, &json!({}));
    let services = vec![service(name, &json!({ "launchType": "EC2", "taskDefinition": arn }))];
    warm.0.world.aws.put_cluster(there, Cluster { services, ..Cluster::default() });
    warm.0.world.aws.put_user(HOST_USER, Policy::allow("ecs:*", "*"));
    let warm = warm.start_with(there, |run| run);
    warm.gets(&[name]);
    let calls = warm.0.world.aws.calls();
    let regions = calls.iter().filter(|call| call.service == "ecs").filter_map(|call| call.region.as_deref());
    assert!(regions.clone().count() > 0 && regions.into_iter().all(|region| region == "us-west-2"), "{calls:?}");
}

#[test]
fn a_cluster_or_an_instance_that_is_not_there_is_told_with_what_to_do() {
    let told = |cluster: &str, words: &[&str]| {
        let warm = Warm::new(Cluster { services: vec![ec2("one")], ..Cluster::default() });
        warm.define_all(&["one"]);
        warm.0.world.aws.put_user(HOST_USER, Policy::allow("ecs:*", "*"));
        let warm = warm.start_with(cluster, |run| {
            if cluster == "web" { run.env("TASKPULL_ECS_CONTAINER_INSTANCE", "feed") } else { run }
        });
        warm.0.wait_for_log("nothing new is pulled");
        let said = warm.0.log_lines("nothing new is pulled").remove(0);
        for words in words {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(!warm.has("one"));
    };
    told("elsewhere", &["there is no such cluster", "aws ecs list-clusters"]);
    told("web", &["no such container instance", "feed", "localhost:51678/v1/metadata"]);
}

#[test]
fn the_agent_ends_while_ecs_hangs() {
    let warm = Warm::new(Cluster::default());
    warm.0.world.aws.inject_fault("ListServices", Calls::Every, AwsFault::Hang);
    let patient = |run: Run| run.env("TASKPULL_DRAIN_TIMEOUT", "1h").env("TASKPULL_SECRETS_TIMEOUT", "5m");
    let warm = warm.start_with("web", patient);
    warm.0.wait_until("it is asked", || warm.asked("ListServices") > 0);
    let id = Pid::from_raw(i32::try_from(warm.0.id()).unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    warm.0.wait_until("it ends", || UnixStream::connect(warm.0.sibling_path("taskpull.sock")).is_err());
}
