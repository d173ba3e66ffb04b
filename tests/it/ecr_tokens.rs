//! Private ECR images at the wire: which identity's token is used, and how often a token is requested.

use std::collections::BTreeSet;
use std::io::Write as _;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::support::aws::{AwsFault, FakeAws, Policy, Secret};
use crate::support::engine::PullScript;
use crate::support::fault::Calls;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, OTHER_ROLE, ROLE, SECRET};
use crate::support::run::Run;
use crate::support::world::{
    EXPIRED_TOKEN, GET_TOKEN, IMAGE, LOGIN, OTHER_IMAGE, OWN_IMAGE, PUBLIC_IMAGE, World, container, ecr_world,
    ecr_world_with, open_container, reported_credential, shown_logins, task, token_call_regions, token_calls,
};

fn with_role(containers: &[Value], role: &str) -> Value {
    let mut definition = task(containers);
    definition["executionRoleArn"] = json!(role);
    definition
}

fn account_map(account: &str, role: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "[[identity.account]]\nid = \"{account}\"\nrole_arn = \"{role}\"").unwrap();
    file
}

#[test]
fn ecr_image_is_pulled_with_a_token_that_is_never_printed() {
    let world = ecr_world();
    world.engine.script(OWN_IMAGE, PullScript::success().with_login("AWS", "token-1"));
    let output = world.pull(&task(&[open_container("app", OWN_IMAGE)])).output();
    assert_eq!(output.code, 0, "{output:?}");
    let container = output.container(0);
    let expected = json!({ "kind": "ecr", "account": "111122223333", "region": "eu-west-1", "identity": "host" });
    assert_eq!(reported_credential(&container), expected);
    let expires = container["credential"]["expiresAt"].as_str().unwrap();
    assert!(expires.len() == 20 && expires.ends_with('Z'), "{expires}");
    assert!(!output.stdout.contains("token-1") && !output.stderr.contains("token-1"), "{output:?}");
    let requests = json!([{ "operation": "GetAuthorizationToken", "id": "00000001-5243-4f4e-8a11-0242ac110002" }]);
    assert_eq!(container["credential"]["awsRequests"], requests);
    let server = match &world.engine.pulls()[0].auth {
        crate::support::engine::RegistryAuth::Config(login) => login.server_address.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(server, "111122223333.dkr.ecr.eu-west-1.amazonaws.com", "the image's own host, without a scheme");
}

#[test]
fn token_of_the_caller_opens_the_registry_of_another_account() {
    let world = ecr_world();
    world.engine.script(OTHER_IMAGE, PullScript::success().with_login("AWS", "token-1"));
    let output = world.pull(&task(&[open_container("other", OTHER_IMAGE), open_container("own", OWN_IMAGE)])).output();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.container(0)["credential"]["account"], "444455556666");
    assert_eq!(output.container(1)["credential"]["account"], "111122223333");
    assert_eq!(token_call_regions(&world), ["ecr eu-west-1"], "one token for both");
}

#[test]
fn fifty_images_in_two_regions_need_two_tokens() {
    let world = ecr_world();
    let containers: Vec<_> = (0..50)
        .map(|at| {
            let region = ["eu-west-1", "us-east-1"][at % 2];
            let account = format!("{:012}", 111_122_223_333 + at % 5);
            let image = format!("{account}.dkr.ecr.{region}.amazonaws.com/app{at}:1");
            open_container(&format!("c{at}"), &image)
        })
        .collect();
    let output = world.pull(&task(&containers)).output();
    assert_eq!(output.report()["summary"]["pulled"], 50, "{output:?}");
    let regions: BTreeSet<_> = token_call_regions(&world).into_iter().collect();
    assert_eq!((token_calls(&world).len(), regions.len()), (2, 2));
}

#[test]
fn each_execution_role_gets_its_own_token() {
    let world = ecr_world_with(Policy::allow("sts:AssumeRole", "*"));
    let other = "arn:aws:iam::111122223333:role/tasks/other";
    for role in [ROLE, other] {
        world.aws.put_role(role, Policy::trust(HOST_USER), Policy::allow(GET_TOKEN, "*"));
    }
    let folder = tempfile::tempdir().unwrap();
    for (file, role) in [("1.json", ROLE), ("2.json", other)] {
        let definition = with_role(&[open_container("app", OWN_IMAGE)], role);
        std::fs::write(folder.path().join(file), definition.to_string()).unwrap();
    }
    let output = world.configure(Run::new(["pull", "--output", "json"]).arg(folder.path())).output();
    assert_eq!(output.code, 0, "{output:?}");
    let principals: BTreeSet<_> = token_calls(&world).into_iter().filter_map(|call| call.principal).collect();
    assert_eq!((token_calls(&world).len(), principals.len()), (2, 2));
    assert_eq!(output.container(0)["credential"]["identity"], ROLE);
}

#[test]
fn role_of_a_mapped_account_gets_the_token_of_its_registry() {
    let world = ecr_world_with(Policy::allow("sts:AssumeRole", "*").and(Policy::allow(GET_TOKEN, "*")));
    world.aws.put_role(OTHER_ROLE, Policy::trust(HOST_USER), Policy::allow(GET_TOKEN, "*"));
    let config = account_map("444455556666", OTHER_ROLE);
    let definition = task(&[open_container("other", OTHER_IMAGE), open_container("own", OWN_IMAGE)]);
    let output = world.pull(&definition).env("TASKPULL_CONFIG", config.path()).output();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.container(0)["credential"]["identity"], OTHER_ROLE);
    assert_eq!(output.container(1)["credential"]["identity"], "host");
    assert_eq!(token_calls(&world).len(), 2);
}

#[test]
fn secret_of_an_ecr_image_is_not_read_and_a_warning_explains() {
    let world = ecr_world();
    for image in [OWN_IMAGE, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1"] {
        let output = world.pull(&task(&[container("app", image, SECRET), container("hub", IMAGE, SECRET)])).output();
        assert_eq!(output.code, 0, "{output:?}");
        assert_eq!(output.container(0)["credential"]["kind"], "ecr");
        let warning = output.warning("unused-secret");
        assert_eq!(warning["container"], "app");
        let message = warning["message"].as_str().unwrap();
        assert!(message.starts_with("ECR accepts only its own authorization tokens"), "{message}");
    }
    assert_eq!(world.aws.call_count("GetSecretValue"), 2, "one read for the other container in each run");
}

#[test]
fn ecr_token_wins_over_a_host_login() {
    let world = ecr_world();
    let data = json!({ "111122223333.dkr.ecr.eu-west-1.amazonaws.com": { "auth": "bWU6aHVudGVyMg==" } }).to_string();
    let run = world.pull(&task(&[open_container("app", OWN_IMAGE)]));
    let output = run.env("ECS_ENGINE_AUTH_TYPE", "dockercfg").env("ECS_ENGINE_AUTH_DATA", data).output();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(shown_logins(&world), ["AWS:token-1"]);
}

#[test]
fn refused_token_is_renewed_once_and_the_pull_retried() {
    for refusal in [EXPIRED_TOKEN, "error parsing HTTP 403 response body: unexpected end of JSON input: \"\""] {
        let world = ecr_world();
        world.engine.script_once(OWN_IMAGE, PullScript::refusal(500, refusal));
        world.engine.script(OWN_IMAGE, PullScript::success().with_login("AWS", "token-2"));
        let output = world.pull(&task(&[open_container("app", OWN_IMAGE)])).output();
        assert_eq!(output.code, 0, "{output:?}");
        assert_eq!(shown_logins(&world), ["AWS:token-1", "AWS:token-2"]);
    }
}

#[test]
fn missing_permission_on_ten_images_costs_one_attempt_each() {
    let world = ecr_world();
    let containers: Vec<_> = (0..10)
        .map(|at| {
            let image = format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app{at}:1");
            let message = "denied: User: x is not authorized to perform: ecr:BatchGetImage on resource: y";
            world.engine.script(&image, PullScript::refusal(404, message));
            open_container(&format!("c{at}"), &image)
        })
        .collect();
    let output = world.pull(&task(&containers)).output();
    assert_eq!(output.report()["summary"]["failed"], 10, "{output:?}");
    assert_eq!(output.failure(0), "repository refused");
    // A new token belongs to the same caller, so it would be denied too.
    assert_eq!((token_calls(&world).len(), world.engine.pulls().len()), (1, 10));
}

#[test]
fn token_that_arrives_expired_is_used_once_without_a_loop() {
    let world = ecr_world();
    world.aws.set_token_lifetime(-60);
    world.engine.script(OWN_IMAGE, PullScript::success().with_login("AWS", "token-1"));
    let output = world.pull(&task(&[open_container("app", OWN_IMAGE)])).output();
    assert_eq!((output.code, token_calls(&world).len()), (0, 1), "{output:?}");
    world.engine.script(OWN_IMAGE, PullScript::refusal(500, EXPIRED_TOKEN));
    let output = world.pull(&task(&[open_container("app", OWN_IMAGE)])).output();
    assert_eq!(output.failure(0), "registry refused", "{output:?}");
    assert_eq!(token_calls(&world).len(), 3, "one more, and one after the refusal");
}

#[test]
fn malformed_token_is_an_error_that_does_not_echo_it() {
    // The tokens are `hunter2hunter2` without a colon, a text that is not base64, and none at all.
    for (token, message) in [
        (json!("aHVudGVyMmh1bnRlcjI="), "no colon"),
        (json!("hunter2!"), "not base64"),
        (json!(null), "the answer has no token"),
    ] {
        let world = ecr_world();
        let body = json!({ "authorizationData": [{ "authorizationToken": token }] }).to_string();
        world.aws.inject_fault("GetAuthorizationToken", Calls::Every, AwsFault::Body(body));
        let output = world.pull(&task(&[open_container("app", OWN_IMAGE)])).output();
        assert_eq!(output.failure(0), "registry-token unavailable", "{output:?}");
        assert!(output.stdout.contains(message), "{output:?}");
        let all = format!("{}{}", output.stdout, output.stderr);
        assert!(!all.contains("hunter2") && !all.contains("aHVudGVyMmh1"), "{all}");
        assert_eq!(world.engine.pull_count(OWN_IMAGE), 0, "an ECR image is never pulled anonymously");
    }
    let world = ecr_world();
    world.aws.inject_fault(
        "GetAuthorizationToken",
        Calls::Every,
        AwsFault::Body(r#"{"authorizationData": []}"#.to_owned()),
    );
    let output = world.pull(&task(&[open_container("app", OWN_IMAGE)])).output();
    assert_eq!(output.failure(0), "registry-token unavailable", "{output:?}");
}

#[test]
fn denial_hint_names_the_identity_policy_and_resource_star() {
    let repository_only = Policy::allow("ecr:*", "arn:aws:ecr:eu-west-1:111122223333:repository/*");
    for policy in [Policy::none(), repository_only] {
        let world = ecr_world_with(policy);
        let output = world.pull(&task(&[open_container("app", OWN_IMAGE), open_container("open", IMAGE)])).output();
        assert_eq!(output.failure(0), "registry-token refused", "{output:?}");
        let failure = output.container(0)["failure"].clone();
        assert!(
            failure["message"].as_str().unwrap().contains("the host is not allowed to call ecr:GetAuthorizationToken")
        );
        let hint = failure["hint"].as_str().unwrap();
        assert!(hint.contains("on Resource `*` in an identity-based policy"), "{hint}");
        assert_eq!(output.container(1)["result"], "pulled");
        assert_eq!((token_calls(&world).len(), world.engine.pull_count(OWN_IMAGE)), (1, 0));
    }
}

#[test]
fn outages_and_other_token_failures_are_distinguished() {
    let rejected =
        AwsFault::Error(400, "UnrecognizedClientException", "The security token included in the request is invalid.");
    for (fault, failure, message) in [
        (AwsFault::Throttle, "registry-token throttled", "is throttling"),
        (AwsFault::Status(503), "registry-token unavailable", "gave no usable answer"),
        (AwsFault::Garbage, "registry-token unavailable", "gave no usable answer"),
        (AwsFault::Error(400, "ServerException", "x"), "registry-token unknown", "rejected ecr:GetAuthorizationToken"),
        (rejected, "host-identity refused", "get-region-opt-status --region-name eu-west-1"),
    ] {
        let world = ecr_world();
        world.aws.inject_fault("GetAuthorizationToken", Calls::Every, fault);
        let output = world.pull(&task(&[open_container("app", OWN_IMAGE)])).output();
        assert_eq!(output.failure(0), failure, "{output:?}");
        assert!(output.stdout.contains(message), "{output:?}");
    }
    let world = ecr_world();
    world.aws.inject_fault("GetAuthorizationToken", Calls::Every, AwsFault::Hang);
    let run = world.pull(&task(&[open_container("app", OWN_IMAGE)]));
    let output = run.env("TASKPULL_SECRETS_TIMEOUT", "1s").output();
    assert_eq!(output.failure(0), "registry-token timed-out", "{output:?}");
}

#[test]
fn token_call_that_fails_once_is_retried() {
    let world = ecr_world();
    world.aws.inject_fault("GetAuthorizationToken", Calls::First(1), AwsFault::Status(500));
    let output = world.pull(&task(&[open_container("app", OWN_IMAGE)])).output();
    assert_eq!((output.code, token_calls(&world).len()), (0, 2), "{output:?}");
}

#[test]
fn role_that_cannot_be_assumed_is_reported_as_the_failed_resource() {
    let world = ecr_world_with(Policy::allow("sts:AssumeRole", "*"));
    let output = world.pull(&with_role(&[open_container("app", OWN_IMAGE)], ROLE)).output();
    assert_eq!(output.failure(0), "role refused", "{output:?}");
    assert_eq!(output.container(0)["failure"]["resource"], ROLE);
}

#[test]
fn missing_identity_never_pulls_an_ecr_image_anonymously() {
    let world = World::new();
    let run = Run::pull(&task(&[open_container("app", OWN_IMAGE)])).env("DOCKER_HOST", world.engine.host());
    let output = run.env("AWS_ENDPOINT_URL", world.aws.endpoint()).output();
    assert_eq!(output.failure(0), "host-identity absent", "{output:?}");
    assert_eq!(world.engine.pulls().len(), 0);
}

#[test]
fn endpoint_variable_of_ecr_is_used_instead_of_the_general_one() {
    let (world, endpoint) = (ecr_world(), FakeAws::start());
    let key = endpoint.put_user(HOST_USER, Policy::allow(GET_TOKEN, "*").and(Policy::allow(GET_SECRET_VALUE, "*")));
    endpoint.put_secret(Secret::text(SECRET, LOGIN));
    // The key belongs to the second AWS; the first one knows a key with the same id.
    let run = Run::pull(&task(&[open_container("app", OWN_IMAGE)])).envs(endpoint.environment(&key));
    let run = run.env("DOCKER_HOST", world.engine.host()).env("AWS_ENDPOINT_URL", world.aws.endpoint());
    let output = run.env("AWS_ENDPOINT_URL_ECR", endpoint.endpoint()).output();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!((endpoint.call_count("GetAuthorizationToken"), world.aws.calls().len()), (1, 0));
}

#[test]
fn invalid_ecr_host_is_rejected_without_aws_calls() {
    let world = ecr_world();
    for (image, message) in [
        ("11112222333.dkr.ecr.eu-west-1.amazonaws.com/app", "12-digit account id"),
        ("111122223333.dkr.ecr.cn-north-1.amazonaws.com/app", "is in the partition aws-cn"),
        ("111122223333.dkr.ecr.eu-west-1.on.aws/app", "is not one"),
    ] {
        let output = world.pull(&task(&[open_container("app", image)])).output();
        assert_eq!(output.failure(0), "definition invalid", "{output:?}");
        assert!(output.stdout.contains(message), "{output:?}");
    }
    assert_eq!((world.aws.calls().len(), world.engine.pulls().len()), (0, 0));
}

#[test]
fn endpoint_variable_wins_over_the_form_of_the_image_host() {
    let world = ecr_world();
    let fips = "111122223333.dkr-ecr-fips.us-east-1.on.aws/app:1";
    let output = world.pull(&task(&[open_container("app", fips)])).output();
    assert_eq!((output.code, token_call_regions(&world)), (0, vec!["ecr us-east-1".to_owned()]), "{output:?}");
}

#[test]
fn unknown_region_is_a_warning_and_the_hint_of_an_outage() {
    let world = ecr_world();
    world.aws.inject_fault("GetAuthorizationToken", Calls::Every, AwsFault::Status(503));
    let output = world.pull(&task(&[open_container("app", &OWN_IMAGE.replace("eu-west-1", "eu-west-9"))])).output();
    let message = "eu-west-9 is not a Region of the partition aws that this version of taskpull knows";
    assert_eq!(output.failure(0), "registry-token unavailable", "{output:?}");
    assert!(output.container(0)["failure"]["hint"].as_str().unwrap().starts_with(message), "{output:?}");
    assert!(output.stderr.contains(&format!("warning: -: app: {message}")), "{output:?}");

    let secret = SECRET.replace("eu-west-1", "eu-west-9");
    let output = world.pull(&task(&[container("app", IMAGE, &secret)])).arg("--dry-run").output();
    assert!(output.stderr.contains(message), "{output:?}");
}

#[test]
fn look_alike_host_gets_no_token() {
    let world = ecr_world();
    let image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com.example.io/app:1";
    let output = world.pull(&task(&[open_container("app", image)])).output();
    assert_eq!(output.container(0)["credential"]["kind"], "anonymous", "{output:?}");
    assert_eq!((shown_logins(&world), world.aws.calls().len()), (vec!["Absent".to_owned()], 0));
}

#[test]
fn dry_run_shows_the_identity_without_aws_calls() {
    let world = ecr_world();
    let definition = with_role(&[open_container("app", OWN_IMAGE), open_container("open", PUBLIC_IMAGE)], ROLE);
    let output = world.pull(&definition).arg("--dry-run").output();
    let expected = json!({ "kind": "ecr", "account": "111122223333", "region": "eu-west-1", "identity": ROLE });
    assert_eq!(output.container(0)["credential"], expected, "{output:?}");
    assert_eq!(output.container(1)["credential"], json!({ "kind": "ecr-public", "identity": ROLE }));
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn role_of_another_partition_is_rejected_without_aws_calls() {
    let world = ecr_world();
    let image = "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/app:1";
    let output = world.pull(&with_role(&[open_container("app", image)], ROLE)).output();
    assert_eq!(output.failure(0), "role invalid", "{output:?}");
    assert_eq!(world.aws.calls(), []);
}
