//! ECR images and hosts, and a world whose host gets ECR tokens.

use serde_json::Value;

use super::super::aws::{Policy, RecordedCall};
use super::super::engine::RegistryAuth;
use super::super::names::{GET_SECRET_VALUE, HOST_USER};
use super::pull_world::World;

pub const GET_TOKEN: &str = "ecr:GetAuthorizationToken";
pub const OWN_IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1";
/// An image in the ECR of another account.
pub const OTHER_IMAGE: &str = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1";
pub const PUBLIC_IMAGE: &str = "public.ecr.aws/docker/library/nginx:1";

/// ECR's message about an expired token, as an engine relays it.
pub const EXPIRED_TOKEN: &str = "denied: Your authorization token has expired. Reauthenticate and try again.";

/// A world whose host may get ECR tokens and read secrets.
pub fn ecr_world() -> World {
    ecr_world_with(Policy::allow(GET_TOKEN, "*").and(Policy::allow(GET_SECRET_VALUE, "*")))
}

/// A world whose host has this identity policy.
pub fn ecr_world_with(policy: Policy) -> World {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, policy);
    world
}

/// The calls that got tokens, successful or not.
pub fn token_calls(world: &World) -> Vec<RecordedCall> {
    world.aws.calls().into_iter().filter(|call| call.operation == "GetAuthorizationToken").collect()
}

/// `service Region` of each call that got a token.
pub fn token_call_regions(world: &World) -> Vec<String> {
    let calls = token_calls(world).into_iter();
    calls.map(|call| format!("{} {}", call.service, call.region.unwrap_or_default())).collect()
}

/// The login of each pull as `user:password`; `Absent` for a pull without one.
pub fn shown_logins(world: &World) -> Vec<String> {
    let login = |auth: &RegistryAuth| match auth {
        RegistryAuth::Config(config) => format!("{}:{}", config.username, config.password),
        other => format!("{other:?}"),
    };
    world.engine.pulls().iter().map(|pull| login(&pull.auth)).collect()
}

/// The credential of a reported container, without the fields that differ between runs.
pub fn reported_credential(container: &Value) -> Value {
    let mut credential = container["credential"].clone();
    let fields = credential.as_object_mut().unwrap();
    fields.remove("expiresAt");
    fields.remove("awsRequests");
    fields.remove("principal");
    credential
}
