//! Registry hosts, permissions and worlds that the tests of ECR share.

use serde_json::Value;

use crate::support::aws::{Call, Policy};
use crate::support_aws_client::{GET, HOST};
use crate::task::World;

pub const TOKEN: &str = "ecr:GetAuthorizationToken";
pub const OWN: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1";
pub const THEIRS: &str = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1";
pub const PUBLIC: &str = "public.ecr.aws/docker/library/nginx:1";

/// ECR's message about an expired token, as an engine relays it.
pub const EXPIRED: &str = "denied: Your authorization token has expired. Reauthenticate and try again.";

/// A world whose host may get ECR tokens and read secrets.
pub fn world() -> World {
    world_with(Policy::allow(TOKEN, "*").and(Policy::allow(GET, "*")))
}

/// A world whose host has exactly this policy.
pub fn world_with(policy: Policy) -> World {
    let mut world = World::new();
    world.host = world.aws.user(HOST, policy);
    world
}

/// Returns the calls of `GetAuthorizationToken`.
pub fn tokens(world: &World) -> Vec<Call> {
    world.aws.calls().into_iter().filter(|call| call.operation == "GetAuthorizationToken").collect()
}

/// Returns the service and the Region of each token call.
pub fn asked(world: &World) -> Vec<String> {
    let calls = tokens(world).into_iter();
    calls.map(|call| format!("{} {}", call.service, call.region.unwrap_or_default())).collect()
}

/// Returns what each pull sent to the engine: `user:password`, or the kind of its missing login.
pub fn shown(world: &World) -> Vec<String> {
    let auth = |auth: &crate::support::engine::Auth| match auth {
        crate::support::engine::Auth::Given(given) => format!("{}:{}", given.username, given.password),
        other => format!("{other:?}"),
    };
    world.engine.pulls().iter().map(|pull| auth(&pull.auth)).collect()
}

/// Returns a container's credential in the report, without its expiry and its request ids.
pub fn credential(container: &Value) -> Value {
    let mut credential = container["credential"].clone();
    let fields = credential.as_object_mut().unwrap();
    fields.remove("expiresAt");
    fields.remove("awsRequests");
    credential
}
