//! ECR Public, at the wire: a token where one can be had, and never a reason to fail.

use serde_json::json;

use crate::ecr::{
    GET_TOKEN, OWN_IMAGE, PUBLIC_IMAGE, ecr_world_with, reported_credential, shown_logins, token_call_regions,
    token_calls,
};
use crate::support::aws::{AwsFault, Policy};
use crate::support::engine::PullScript;
use crate::support::fault::Calls;
use crate::support::run::Run;
use crate::support_aws_client::{ROLE, SECRET};
use crate::task::{World, container, open_container, task};

fn may() -> Policy {
    Policy::allow("ecr-public:GetAuthorizationToken", "*").and(Policy::allow("sts:GetServiceBearerToken", "*"))
}

#[test]
fn the_token_is_got_in_us_east_1_and_is_another_one_than_ecrs() {
    let world = ecr_world_with(may().and(Policy::allow(GET_TOKEN, "*")));
    let definition = task(&[
        open_container("a", PUBLIC_IMAGE),
        open_container("b", "ecr-public.aws.com/docker/library/nginx:1"),
        container("c", "public.ecr.aws/team/app:1", SECRET),
        open_container("d", OWN_IMAGE),
    ]);
    let ended = world.pull(&definition).env("AWS_REGION", "eu-west-1").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(reported_credential(&ended.container(0)), json!({ "kind": "ecr-public", "identity": "host" }));
    let mut asked = token_call_regions(&world);
    asked.sort();
    assert_eq!(asked, ["ecr eu-west-1", "ecr-public us-east-1"]);
    let warnings = ended.report()["tasks"][0]["warnings"].clone();
    assert!(warnings[0].as_str().unwrap().starts_with("c: the image is in ECR"), "{warnings}");
    assert!(shown_logins(&world).iter().all(|shown| shown.starts_with("AWS:token-")));
}

#[test]
fn whoever_may_have_no_token_pulls_without_one_and_is_told_why() {
    for policy in [Policy::none(), Policy::allow("ecr-public:GetAuthorizationToken", "*")] {
        let world = ecr_world_with(policy);
        let ended = world.pull(&task(&[open_container("app", PUBLIC_IMAGE)])).output();
        assert_eq!(ended.code, 0, "{ended:?}");
        let credential = reported_credential(&ended.container(0));
        assert!(credential["withoutToken"].as_str().unwrap().contains("is not allowed"), "{credential}");
        assert_eq!(shown_logins(&world), ["Absent"]);
    }
}

#[test]
fn no_identity_and_an_outage_are_no_reason_to_fail_either() {
    let world = World::new();
    let run = Run::pull(&task(&[open_container("app", PUBLIC_IMAGE)])).env("DOCKER_HOST", world.engine.host());
    let ended = run.output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let world = ecr_world_with(may());
    world.aws.inject_fault("GetAuthorizationToken", Calls::Every, AwsFault::Hang);
    let run = world.pull(&task(&[open_container("app", PUBLIC_IMAGE)]));
    let ended = run.env("TASKPULL_SECRETS_TIMEOUT", "1s").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(shown_logins(&world), ["Absent"]);
}

#[test]
fn a_token_that_it_refuses_with_400_and_no_challenge_is_got_again_once() {
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
        let world = ecr_world_with(may());
        world.engine.script_once(PUBLIC_IMAGE, PullScript::refusal(status, refusal));
        world.engine.script(PUBLIC_IMAGE, PullScript::success().with_login("AWS", "token-2"));
        let ended = world.pull(&task(&[open_container("app", PUBLIC_IMAGE)])).output();
        assert_eq!(ended.code, 0, "{refusal}: {ended:?}");
        assert_eq!((shown_logins(&world).len(), token_calls(&world).len()), (2, 2), "{refusal}");
    }
}

#[test]
fn a_role_of_another_partition_pulls_without_asking_anybody() {
    let world = ecr_world_with(may());
    let mut definition = task(&[open_container("app", PUBLIC_IMAGE)]);
    definition["executionRoleArn"] = json!(ROLE.replace("arn:aws:", "arn:aws-cn:"));
    let ended = world.pull(&definition).output();
    assert_eq!(ended.container(0)["credential"]["kind"], "anonymous", "{ended:?}");
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn an_endpoint_of_its_own_is_asked() {
    let world = ecr_world_with(may());
    let run = world.pull(&task(&[open_container("app", PUBLIC_IMAGE)])).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let ended = run.env("AWS_ENDPOINT_URL_ECR_PUBLIC", world.aws.endpoint()).output();
    assert_eq!((ended.code, token_call_regions(&world)), (0, vec!["ecr-public us-east-1".to_owned()]), "{ended:?}");
}
