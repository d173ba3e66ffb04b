//! The metadata service and the credentials endpoint of the ECS agent at their well-known addresses. Each test runs in
//! its own network namespace, because the machine itself must not have these addresses.

use serde_json::Value;

use crate::support::aws::{AccessKey, Policy};
use crate::support::host::{FakeContainerCredentials, FakeInstanceMetadata};
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, SECRET};
use crate::support::namespace::enter_network;
use crate::support::run::Run;
use crate::support::world::{IMAGE, World, container, task};

const INSTANCE: &str = "arn:aws:iam::111122223333:role/instance";
/// The addresses of the instance metadata service and of the ECS agent's credentials endpoint.
const ADDRESSES: [&str; 2] = ["169.254.169.254", "169.254.170.2"];
const TASK_CREDENTIALS: &str = "/v2/credentials/5a1f-task";

/// Returns a world, the access key of an instance, and that of a task on the instance.
fn world() -> (World, AccessKey, AccessKey) {
    let world = World::new();
    world.aws.put_role(INSTANCE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    let [instance, task] = ["i-0abc", "5a1f-task"].map(|name| world.aws.open_session(INSTANCE, name));
    (world, instance, task)
}

/// A run whose environment has neither an access key nor the address of an endpoint.
fn pull(world: &World, kind: &str, definition: &Value) -> Run {
    let run = world.pull(definition).env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "");
    run.env("AWS_EC2_METADATA_DISABLED", "").env("TASKPULL_HOST_KIND", kind)
}

fn reader(world: &World) -> String {
    let read = |call: &crate::support::aws::RecordedCall| call.operation == "GetSecretValue";
    world.aws.calls().into_iter().rfind(read).unwrap().principal.unwrap()
}

#[test]
fn instance_reads_with_imdsv2_at_the_well_known_address() {
    let name = "identity_addresses::instance_reads_with_imdsv2_at_the_well_known_address";
    if !enter_network(name, &ADDRESSES) {
        return;
    }
    for kind in ["auto", "ec2"] {
        let (world, instance, task_key) = world();
        let metadata = FakeInstanceMetadata::at_link_local_address(&instance, "eu-west-1");
        let agent = FakeContainerCredentials::at_agent_address(&task_key, TASK_CREDENTIALS);
        // A bare secret name also needs the Region.
        let named = task(&[container("app", IMAGE, "prod/hub")]);
        let output = pull(&world, kind, &named).output();
        assert_eq!(output.code, 0, "{kind}: {output:?}");
        assert!(reader(&world).ends_with("assumed-role/instance/i-0abc"), "{kind}");
        assert_eq!(metadata.requests()[0], "PUT /latest/api/token");
        assert_eq!(agent.requests(), Vec::<String>::new(), "{kind}: no variable names the endpoint");
    }
}

#[test]
fn task_reads_with_the_ecs_agent_at_its_well_known_address() {
    let name = "identity_addresses::task_reads_with_the_ecs_agent_at_its_well_known_address";
    if !enter_network(name, &ADDRESSES) {
        return;
    }
    for kind in ["auto", "fargate", "external"] {
        let (world, instance, task_key) = world();
        let metadata = FakeInstanceMetadata::at_link_local_address(&instance, "us-west-2");
        let agent = FakeContainerCredentials::at_agent_address(&task_key, TASK_CREDENTIALS);
        let definition = task(&[container("app", IMAGE, SECRET)]);
        let run = pull(&world, kind, &definition).env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", TASK_CREDENTIALS);
        let output = run.output();
        assert_eq!(output.code, 0, "{kind}: {output:?}");
        assert!(reader(&world).ends_with("assumed-role/instance/5a1f-task"), "{kind}");
        assert_eq!(agent.requests(), [format!("GET {TASK_CREDENTIALS}")], "{kind}");
        // Without the variable, an instance uses the metadata service; the other kinds of host never do.
        let other = pull(&world, if kind == "auto" { "ec2" } else { kind }, &definition).output();
        match kind {
            "auto" => assert!(reader(&world).ends_with("/i-0abc"), "{other:?}"),
            _ => assert_eq!(other.failure(0), "host-identity absent", "{kind}: {other:?}"),
        }
        assert_eq!(metadata.requests().is_empty(), kind != "auto", "{kind}: {:?}", metadata.requests());
    }
}
