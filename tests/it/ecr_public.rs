//! ECR Public at the wire: a token is used where one is available, and its absence never fails a pull.

use serde_json::json;

use crate::support::aws::{AwsFault, Policy};
use crate::support::engine::PullScript;
use crate::support::fault::Calls;
use crate::support::names::{ROLE, SECRET};
use crate::support::run::Run;
use crate::support::world::{
    GET_TOKEN, OWN_IMAGE, PUBLIC_IMAGE, World, container, ecr_world_with, open_container, reported_credential,
    shown_logins, task, token_call_regions, token_calls,
};

fn allow_tokens() -> Policy {
    Policy::allow("ecr-public:GetAuthorizationToken", "*").and(Policy::allow("sts:GetServiceBearerToken", "*"))
}

#[test]
fn public_token_comes_from_us_east_1_and_differs_from_ecrs() {
    let world = ecr_world_with(allow_tokens().and(Policy::allow(GET_TOKEN, "*")));
    let definition = task(&[
        open_container("a", PUBLIC_IMAGE),
        open_container("b", "ecr-public.aws.com/docker/library/nginx:1"),
        container("c", "public.ecr.aws/team/app:1", SECRET),
        open_container("d", OWN_IMAGE),
    ]);
    let output = world.pull(&definition).env("AWS_REGION", "eu-west-1").output();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(reported_credential(&output.container(0)), json!({ "kind": "ecr-public", "identity": "host" }));
    let mut regions = token_call_regions(&world);
    regions.sort();
    assert_eq!(regions, ["ecr eu-west-1", "ecr-public us-east-1"]);
    assert_eq!(output.warning("unused-secret")["container"], "c");
    assert!(shown_logins(&world).iter().all(|login| login.starts_with("AWS:token-")));
}

#[test]
fn denied_public_token_falls_back_to_an_anonymous_pull_with_a_reason() {
    for policy in [Policy::none(), Policy::allow("ecr-public:GetAuthorizationToken", "*")] {
        let world = ecr_world_with(policy);
        let output = world.pull(&task(&[open_container("app", PUBLIC_IMAGE)])).output();
        assert_eq!(output.code, 0, "{output:?}");
        let credential = reported_credential(&output.container(0));
        assert!(credential["withoutToken"].as_str().unwrap().contains("is not allowed"), "{credential}");
        assert_eq!(shown_logins(&world), ["Absent"]);
    }
}

#[test]
fn missing_identity_or_outage_falls_back_to_an_anonymous_pull() {
    let world = World::new();
    let run = Run::pull(&task(&[open_container("app", PUBLIC_IMAGE)])).env("DOCKER_HOST", world.engine.host());
    let output = run.output();
    assert_eq!(output.code, 0, "{output:?}");
    let world = ecr_world_with(allow_tokens());
    world.aws.inject_fault("GetAuthorizationToken", Calls::Every, AwsFault::Hang);
    let run = world.pull(&task(&[open_container("app", PUBLIC_IMAGE)]));
    let output = run.env("TASKPULL_SECRETS_TIMEOUT", "1s").output();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(shown_logins(&world), ["Absent"]);
}

#[test]
fn public_token_refused_with_400_is_renewed_once() {
    for (status, refusal) in [
        (500, "error parsing HTTP 400 response body: unexpected end of JSON input: \"\""),
        (
            500,
            "unexpected status from HEAD request to https://public.ecr.aws/v2/docker/library/nginx/manifests/1: 400 Bad Request",
        ),
        (
            404,
            "denied: Your Authorization Token has expired. Please run 'aws ecr-public get-login-password' to fetch a new one.",
        ),
    ] {
        let world = ecr_world_with(allow_tokens());
        world.engine.script_once(PUBLIC_IMAGE, PullScript::refusal(status, refusal));
        world.engine.script(PUBLIC_IMAGE, PullScript::success().with_login("AWS", "token-2"));
        let output = world.pull(&task(&[open_container("app", PUBLIC_IMAGE)])).output();
        assert_eq!(output.code, 0, "{refusal}: {output:?}");
        assert_eq!((shown_logins(&world).len(), token_calls(&world).len()), (2, 2), "{refusal}");
    }
}

#[test]
fn role_of_another_partition_pulls_anonymously_without_aws_calls() {
    let world = ecr_world_with(allow_tokens());
    let mut definition = task(&[open_container("app", PUBLIC_IMAGE)]);
    definition["executionRoleArn"] = json!(ROLE.replace("arn:aws:", "arn:aws-cn:"));
    let output = world.pull(&definition).output();
    assert_eq!(output.container(0)["credential"]["kind"], "anonymous", "{output:?}");
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn endpoint_variable_of_ecr_public_is_used() {
    let world = ecr_world_with(allow_tokens());
    let run = world.pull(&task(&[open_container("app", PUBLIC_IMAGE)])).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let output = run.env("AWS_ENDPOINT_URL_ECR_PUBLIC", world.aws.endpoint()).output();
    assert_eq!((output.code, token_call_regions(&world)), (0, vec!["ecr-public us-east-1".to_owned()]), "{output:?}");
}
