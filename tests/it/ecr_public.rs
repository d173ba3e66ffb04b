//! ECR Public at the wire: a token is used where one is available, and its absence never fails a pull.

use serde_json::json;

use crate::ecr::{OWN, PUBLIC, TOKEN, asked, credential, shown, tokens, world_with};
use crate::support::aws::{Fault, Policy};
use crate::support::engine::Pull;
use crate::support::fault::When;
use crate::support::run::Run;
use crate::support_aws_client::{ROLE, SECRET};
use crate::task::{World, container, open_container, task};

fn allow_tokens() -> Policy {
    Policy::allow("ecr-public:GetAuthorizationToken", "*").and(Policy::allow("sts:GetServiceBearerToken", "*"))
}

#[test]
fn public_token_comes_from_us_east_1_and_differs_from_ecrs() {
    let world = world_with(allow_tokens().and(Policy::allow(TOKEN, "*")));
    let definition = task(&[
        open_container("a", PUBLIC),
        open_container("b", "ecr-public.aws.com/docker/library/nginx:1"),
        container("c", "public.ecr.aws/team/app:1", SECRET),
        open_container("d", OWN),
    ]);
    let ended = world.pull(&definition).env("AWS_REGION", "eu-west-1").end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(credential(&ended.container(0)), json!({ "kind": "ecr-public", "identity": "host" }));
    let mut calls = asked(&world);
    calls.sort();
    assert_eq!(calls, ["ecr eu-west-1", "ecr-public us-east-1"]);
    let warnings = ended.report()["tasks"][0]["warnings"].clone();
    assert!(warnings[0].as_str().unwrap().starts_with("c: the image is in ECR"), "{warnings}");
    assert!(shown(&world).iter().all(|login| login.starts_with("AWS:token-")));
}

#[test]
fn denied_public_token_falls_back_to_an_anonymous_pull_with_a_reason() {
    for policy in [Policy::none(), Policy::allow("ecr-public:GetAuthorizationToken", "*")] {
        let world = world_with(policy);
        let ended = world.pull(&task(&[open_container("app", PUBLIC)])).end();
        assert_eq!(ended.code, 0, "{ended:?}");
        let credential = credential(&ended.container(0));
        assert!(credential["withoutToken"].as_str().unwrap().contains("is not allowed"), "{credential}");
        assert_eq!(shown(&world), ["Absent"]);
    }
}

#[test]
fn missing_identity_or_outage_falls_back_to_an_anonymous_pull() {
    let world = World::new();
    let run = Run::pull(&task(&[open_container("app", PUBLIC)])).env("DOCKER_HOST", world.engine.host());
    let ended = run.end();
    assert_eq!(ended.code, 0, "{ended:?}");
    let world = world_with(allow_tokens());
    world.aws.fault("GetAuthorizationToken", When::Every, Fault::Hang);
    let run = world.pull(&task(&[open_container("app", PUBLIC)]));
    let ended = run.env("TASKPULL_SECRETS_TIMEOUT", "1s").end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(shown(&world), ["Absent"]);
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
        let world = world_with(allow_tokens());
        world.engine.once(PUBLIC, Pull::refused(status, refusal));
        world.engine.image(PUBLIC, Pull::success().requiring("AWS", "token-2"));
        let ended = world.pull(&task(&[open_container("app", PUBLIC)])).end();
        assert_eq!(ended.code, 0, "{refusal}: {ended:?}");
        assert_eq!((shown(&world).len(), tokens(&world).len()), (2, 2), "{refusal}");
    }
}

#[test]
fn role_of_another_partition_pulls_anonymously_without_aws_calls() {
    let world = world_with(allow_tokens());
    let mut definition = task(&[open_container("app", PUBLIC)]);
    definition["executionRoleArn"] = json!(ROLE.replace("arn:aws:", "arn:aws-cn:"));
    let ended = world.pull(&definition).end();
    assert_eq!(ended.container(0)["credential"]["kind"], "anonymous", "{ended:?}");
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn endpoint_variable_of_ecr_public_is_used() {
    let world = world_with(allow_tokens());
    let run = world.pull(&task(&[open_container("app", PUBLIC)])).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let ended = run.env("AWS_ENDPOINT_URL_ECR_PUBLIC", world.aws.endpoint()).end();
    assert_eq!((ended.code, asked(&world)), (0, vec!["ecr-public us-east-1".to_owned()]), "{ended:?}");
}
