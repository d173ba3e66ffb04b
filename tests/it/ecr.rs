//! What the tests of ECR share: hosts, permissions, and a world that is asked for tokens.

use serde_json::Value;

use crate::support::aws::{Call, Policy};
use crate::support_aws_client::{GET, HOST};
use crate::task::World;

pub const TOKEN: &str = "ecr:GetAuthorizationToken";
pub const OWN: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1";
pub const THEIRS: &str = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1";
pub const PUBLIC: &str = "public.ecr.aws/docker/library/nginx:1";

/// ECR's words about a token that is over, as an engine relays them.
pub const EXPIRED: &str = "denied: Your authorization token has expired. Reauthenticate and try again.";

/// A world whose host may have tokens, and read secrets.
pub fn world() -> World {
    world_with(Policy::allow(TOKEN, "*").and(Policy::allow(GET, "*")))
}

/// A world whose host has this policy.
pub fn world_with(policy: Policy) -> World {
    let mut world = World::new();
    world.host = world.aws.user(HOST, policy);
    world
}

/// The calls for tokens.
pub fn tokens(world: &World) -> Vec<Call> {
    world.aws.calls().into_iter().filter(|call| call.operation == "GetAuthorizationToken").collect()
}

/// `service Region` of each of them.
pub fn asked(world: &World) -> Vec<String> {
    let calls = tokens(world).into_iter();
    calls.map(|call| format!("{} {}", call.service, call.region.unwrap_or_default())).collect()
}

/// What each pull showed: `user:password`, or nothing.
pub fn shown(world: &World) -> Vec<String> {
    let auth = |auth: &crate::support::engine::Auth| match auth {
        crate::support::engine::Auth::Given(given) => format!("{}:{}", given.username, given.password),
        other => format!("{other:?}"),
    };
    world.engine.pulls().iter().map(|pull| auth(&pull.auth)).collect()
}

/// A credential of a report, without its end.
pub fn credential(container: &Value) -> Value {
    let mut credential = container["credential"].clone();
    let fields = credential.as_object_mut().unwrap();
    fields.remove("expiresAt");
    fields.remove("awsRequests");
    credential
}
