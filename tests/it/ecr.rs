//! Registry hosts, permissions and worlds that the tests of ECR share.

use serde_json::Value;

use crate::support::aws::{Policy, RecordedCall};
use crate::support_aws_client::{GET_SECRET_VALUE, HOST_USER};
use crate::task::World;

pub const GET_TOKEN: &str = "ecr:GetAuthorizationToken";
pub const OWN_IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1";
pub const OTHER_IMAGE: &str = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1";
pub const PUBLIC_IMAGE: &str = "public.ecr.aws/docker/library/nginx:1";

/// ECR's message about an expired token, as an engine relays it.
pub const EXPIRED_TOKEN: &str = "denied: Your authorization token has expired. Reauthenticate and try again.";

/// A world whose host may get ECR tokens and read secrets.
pub fn ecr_world() -> World {
    ecr_world_with(Policy::allow(GET_TOKEN, "*").and(Policy::allow(GET_SECRET_VALUE, "*")))
}

/// A world whose host has exactly this policy.
pub fn ecr_world_with(policy: Policy) -> World {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, policy);
    world
}

/// Returns the calls of `GetAuthorizationToken`.
pub fn token_calls(world: &World) -> Vec<RecordedCall> {
    world.aws.calls().into_iter().filter(|call| call.operation == "GetAuthorizationToken").collect()
}

/// Returns the service and the Region of each token call.
pub fn token_call_regions(world: &World) -> Vec<String> {
    let calls = token_calls(world).into_iter();
    calls.map(|call| format!("{} {}", call.service, call.region.unwrap_or_default())).collect()
}

/// Returns what each pull sent to the engine: `user:password`, or the kind of its missing login.
pub fn shown_logins(world: &World) -> Vec<String> {
    let auth = |auth: &crate::support::engine::RegistryAuth| match auth {
        crate::support::engine::RegistryAuth::Config(login) => format!("{}:{}", login.username, login.password),
        other => format!("{other:?}"),
    };
    world.engine.pulls().iter().map(|pull| auth(&pull.auth)).collect()
}

/// Returns a container's credential in the report, without its expiry and its request ids.
pub fn reported_credential(container: &Value) -> Value {
    let mut credential = container["credential"].clone();
    let fields = credential.as_object_mut().unwrap();
    fields.remove("expiresAt");
    fields.remove("awsRequests");
    credential
}
