//! The host's own endpoints at the addresses where every instance and every task has them.
//! This machine must not have these addresses: each test runs in a network of its own.

use serde_json::Value;

use crate::support::aws::{AccessKey, Policy};
use crate::support::host::{FakeContainerCredentials, FakeInstanceMetadata};
use crate::support::namespace::enter_network;
use crate::support::run::Run;
use crate::support_aws_client::{GET_SECRET_VALUE, HOST_USER, SECRET};
use crate::task::{IMAGE, World, container, task};

const INSTANCE: &str = "arn:aws:iam::111122223333:role/instance";
/// Of the instance's metadata service, and of the ECS agent's credentials endpoint.
const ADDRESSES: [&str; 2] = ["169.254.169.254", "169.254.170.2"];
const OF_THE_TASK: &str = "/v2/credentials/5a1f-task";

/// A world, and the keys of an instance and of a task on it.
fn world() -> (World, AccessKey, AccessKey) {
    let world = World::new();
    world.aws.put_role(INSTANCE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    let [instance, task] = ["i-0abc", "5a1f-task"].map(|name| world.aws.open_session(INSTANCE, name));
    (world, instance, task)
}

/// A run with no key and no address of an endpoint in its environment.
fn pull(world: &World, kind: &str, definition: &Value) -> Run {
    let run = world.pull(definition).env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "");
    run.env("AWS_EC2_METADATA_DISABLED", "").env("TASKPULL_HOST_KIND", kind)
}

fn reader(world: &World) -> String {
    let read = |call: &crate::support::aws::RecordedCall| call.operation == "GetSecretValue";
    world.aws.calls().into_iter().rfind(read).unwrap().principal.unwrap()
}

#[test]
fn an_instance_reads_with_what_version_2_says_at_its_own_address() {
    let name = "identity_addresses::an_instance_reads_with_what_version_2_says_at_its_own_address";
    if !enter_network(name, &ADDRESSES) {
        return;
    }
    for kind in ["auto", "ec2"] {
        let (world, instance, task_key) = world();
        let metadata = FakeInstanceMetadata::at_link_local_address(&instance, "eu-west-1");
        let agent = FakeContainerCredentials::at_agent_address(&task_key, OF_THE_TASK);
        // A bare name needs the Region, too.
        let named = task(&[container("app", IMAGE, "prod/hub")]);
        let ended = pull(&world, kind, &named).output();
        assert_eq!(ended.code, 0, "{kind}: {ended:?}");
        assert!(reader(&world).ends_with("assumed-role/instance/i-0abc"), "{kind}");
        assert_eq!(metadata.requests()[0], "PUT /latest/api/token");
        assert_eq!(agent.requests(), Vec::<String>::new(), "{kind}: nobody named it");
    }
}

#[test]
fn a_task_reads_with_what_the_agent_says_at_its_own_address() {
    let name = "identity_addresses::a_task_reads_with_what_the_agent_says_at_its_own_address";
    if !enter_network(name, &ADDRESSES) {
        return;
    }
    for kind in ["auto", "fargate", "external"] {
        let (world, instance, task_key) = world();
        let metadata = FakeInstanceMetadata::at_link_local_address(&instance, "us-west-2");
        let agent = FakeContainerCredentials::at_agent_address(&task_key, OF_THE_TASK);
        let definition = task(&[container("app", IMAGE, SECRET)]);
        let run = pull(&world, kind, &definition).env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", OF_THE_TASK);
        let ended = run.output();
        assert_eq!(ended.code, 0, "{kind}: {ended:?}");
        assert!(reader(&world).ends_with("assumed-role/instance/5a1f-task"), "{kind}");
        assert_eq!(agent.requests(), [format!("GET {OF_THE_TASK}")], "{kind}");
        // On an instance it would be the task's role, and on others the service is not theirs.
        let other = pull(&world, if kind == "auto" { "ec2" } else { kind }, &definition).output();
        match kind {
            "auto" => assert!(reader(&world).ends_with("/i-0abc"), "{other:?}"),
            _ => assert_eq!(other.failure(0), "host-identity absent", "{kind}: {other:?}"),
        }
        assert_eq!(metadata.requests().is_empty(), kind != "auto", "{kind}: {:?}", metadata.requests());
    }
}
