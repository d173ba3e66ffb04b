//! The failures of reading a secret and of its content, and how each is reported.

use std::time::Instant;

use serde_json::json;

use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::fault::Calls;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, KEY, OTHER_SECRET, ROLE, SECRET};
use crate::support::run::RunOutput;
use crate::support::world::{IMAGE, LOGIN, World, container, open_container, task};

/// Pulls a private image, which must fail, and a public one, which must succeed.
fn pull(world: &World) -> RunOutput {
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET), open_container("open", "nginx")])).output();
    assert_eq!(ended.container(1)["failure"], json!(null), "{ended:?}");
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(world.engine.pull_count(IMAGE), 0, "the engine is not asked without the credential");
    ended
}

fn hint(ended: &RunOutput) -> String {
    ended.container(0)["failure"]["hint"].as_str().unwrap_or_default().to_owned()
}

fn causes(ended: &RunOutput) -> String {
    ended.container(0)["failure"]["causedBy"].to_string()
}

#[test]
fn missing_secret_hint_names_region_and_account() {
    let world = World::new();
    let ended = world.pull(&task(&[container("app", IMAGE, &SECRET.replace("prod", "test"))])).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "secret absent"));
    assert!(hint(&ended).contains("with those of account 111122223333"), "{}", hint(&ended));
    assert!(hint(&ended).contains("list-secrets --region eu-west-1 --filters Key=name,Values=test/hub`"));
    assert!(causes(&ended).contains("ResourceNotFoundException") && causes(&ended).contains("request id"));
}

#[test]
fn denied_secret_read_names_action_and_secret_and_is_not_retried() {
    let mut world = World::new();
    world.host = world.aws.put_user("arn:aws:iam::111122223333:user/other", Policy::none());
    let ended = pull(&world);
    assert_eq!(ended.failure(0), "secret-policy refused");
    assert!(hint(&ended).contains(&format!("allow secretsmanager:GetSecretValue on {SECRET}")), "{}", hint(&ended));
    assert_eq!(world.aws.call_count("GetSecretValue"), 1, "a denial is not retried");
}

#[test]
fn cross_account_secret_without_a_resource_policy_is_denied() {
    let world = World::new();
    world.aws.put_secret(Secret::text(OTHER_SECRET, LOGIN));
    let ended = world.pull(&task(&[container("app", IMAGE, OTHER_SECRET)])).output();
    assert_eq!(ended.failure(0), "secret-policy refused", "{ended:?}");
    assert!(hint(&ended).starts_with("the secret's resource policy must allow"), "{}", hint(&ended));
    assert!(hint(&ended).contains("account 444455556666, whose administrators change it"));
}

#[test]
fn denied_kms_key_is_reported_as_a_key_failure() {
    let world = World::new();
    world.aws.put_key(KEY, Policy::none());
    world.aws.put_secret(Secret::text(SECRET, LOGIN).key(KEY));
    let ended = pull(&world);
    assert_eq!(ended.failure(0), "key refused", "{ended:?}");
    assert!(hint(&ended).contains("kms:Decrypt"));
}

#[test]
fn secret_marked_for_deletion_has_a_restore_hint() {
    let world = World::new();
    world.aws.put_secret(Secret::text(SECRET, LOGIN).marked_for_deletion());
    let ended = pull(&world);
    assert_eq!(ended.failure(0), "secret absent", "{ended:?}");
    assert!(hint(&ended).contains("restore-secret"));
}

#[test]
fn secret_without_a_current_version_is_reported() {
    let world = World::new();
    world.aws.put_secret(Secret::text(SECRET, LOGIN).without_current());
    let ended = pull(&world);
    assert_eq!(ended.failure(0), "secret absent", "{ended:?}");
    assert!(ended.stdout.contains("no version labelled AWSCURRENT"));
}

#[test]
fn each_content_error_has_its_own_message() {
    let world = World::new();
    let table = [
        ("hunter2", "it is not JSON (line 1, column 1)"),
        (r#"["me", "hunter2"]"#, "not an object"),
        (r#"{"username": "me"}"#, "`password` is missing"),
        (r#"{"password": "hunter2"}"#, "`username` is missing"),
        (r#"{"username": "me", "password": ""}"#, "`password` is empty"),
        (r#"{"username": "me", "password": 12}"#, "`password` is not a string"),
        (r#"{"username": "me", "password": "hunter2", "password": "x"}"#, "`password` occurs twice"),
        (r#"{"username": "me", "accessToken": "hunter2"}"#, "`accessToken`, the format of ECR's pull-through cache"),
        ("", "it is empty"),
    ];
    for (text, message) in table {
        world.aws.put_secret(Secret::text(SECRET, text));
        let ended = pull(&world);
        assert_eq!(ended.failure(0), "content invalid", "{text}");
        assert!(ended.stdout.contains(message), "{text}: {}", ended.stdout);
        assert!(!format!("{ended:?}").contains("hunter2"), "the output contains no value");
    }
    world.aws.put_secret(Secret::binary(SECRET, b"hunter2"));
    assert!(pull(&world).stdout.contains("it is stored as `SecretBinary`, but is not a KMS ciphertext"));
}

#[test]
fn role_that_does_not_trust_the_host_is_named() {
    let world = World::new();
    world.aws.put_role(
        ROLE,
        Policy::trust("arn:aws:iam::111122223333:user/other"),
        Policy::allow(GET_SECRET_VALUE, "*"),
    );
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(ROLE);
    let ended = world.pull(&definition).output();
    assert_eq!(ended.failure(0), "role refused", "{ended:?}");
    assert_eq!(ended.container(0)["failure"]["resource"], ROLE);
    assert!(hint(&ended).contains("trust policy"));
    assert_eq!(world.aws.call_count("GetSecretValue"), 0);
}

/// Returns a world and a definition whose secret is read as `ROLE`.
fn world_with_role() -> (World, serde_json::Value) {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(ROLE);
    (world, definition)
}

#[test]
fn sts_outage_is_reported_as_an_unavailable_role() {
    for fault in [AwsFault::Throttle, AwsFault::Status(503), AwsFault::Reset, AwsFault::Garbage, AwsFault::Hang] {
        let (world, definition) = world_with_role();
        world.aws.inject_fault("AssumeRole", Calls::Every, fault);
        let ended = world.pull(&definition).env("TASKPULL_SECRETS_TIMEOUT", "4s").output();
        assert_eq!(ended.failure(0), "role unavailable", "{ended:?}");
        assert_eq!(ended.container(0)["failure"]["resource"], ROLE);
    }
}

#[test]
fn other_sts_errors_are_not_reported_as_a_trust_denial() {
    let disabled = "STS is not activated in this region for account:111122223333.";
    let tags = "The total size of the packed policy and session tags exceeds the limit.";
    let table = [
        (403, "RegionDisabledException", disabled, "refused"),
        (400, "ValidationError", "1 validation error detected: Value 'x' at 'roleArn' failed", "unknown"),
        (400, "PackedPolicyTooLarge", tags, "unknown"),
        (400, "MalformedPolicyDocument", "Syntax errors in policy.", "unknown"),
    ];
    for (status, code, message, class) in table {
        let (world, definition) = world_with_role();
        world.aws.inject_fault("AssumeRole", Calls::Every, AwsFault::Error(status, code, message));
        let ended = world.pull(&definition).env("AWS_REGION", "us-west-2").output();
        assert_eq!(ended.failure(0), format!("role {class}"), "{ended:?}");
        assert_eq!(ended.container(0)["failure"]["resource"], ROLE);
        assert!(causes(&ended).contains(code) && causes(&ended).contains(message), "{ended:?}");
        assert!(causes(&ended).contains("request id"), "{ended:?}");
        assert!(!ended.stdout.contains("may not assume") && !hint(&ended).contains("trust policy"), "{ended:?}");
        let names_region = ended.container(0)["failure"]["message"].as_str().unwrap().contains("us-west-2");
        assert!(names_region, "the message names the Region of STS, not of the secret: {ended:?}");
        assert_eq!(hint(&ended).contains("activate STS for us-west-2"), class == "refused", "{ended:?}");
        assert_eq!(world.aws.call_count("AssumeRole"), 1, "such an error is not retried");
    }
}

#[test]
fn wrong_clock_is_reported_as_a_host_identity_failure() {
    let (world, definition) = world_with_role();
    world.aws.set_clock_ahead(24 * 3_600);
    for definition in [definition, task(&[container("app", IMAGE, SECRET)])] {
        let ended = world.pull(&definition).output();
        assert_eq!(ended.failure(0), "host-identity refused", "{ended:?}");
        assert!(hint(&ended).contains("set the host's clock"), "{ended:?}");
    }
}

#[test]
fn failing_credential_process_runs_once_and_its_output_is_hidden() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let (config, count) = (folder.path().join("config"), folder.path().join("count"));
    let script = format!("sh -c 'echo run >> {}; sleep 0.3; echo hunter2 >&2; exit 1'", count.display());
    std::fs::write(&config, format!("[default]\ncredential_process = {script}\n")).unwrap();
    let containers: Vec<_> =
        (0..5).map(|at| container(&format!("c{at}"), IMAGE, &SECRET.replace("hub", &format!("hub{at}")))).collect();
    let run = world.pull(&task(&containers)).env("AWS_CONFIG_FILE", &config);
    let ended = run.env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "").output();
    for at in 0..5 {
        assert_eq!(ended.failure(at), "host-identity unavailable", "{ended:?}");
    }
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "run\n", "all five reads share one attempt");
    assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
}

#[test]
fn denied_secret_with_kms_in_its_name_is_no_key_failure() {
    let mut world = World::new();
    let secret = SECRET.replace("prod/hub", "kms-team/kms");
    world.aws.put_secret(Secret::text(&secret, LOGIN));
    world.host = world.aws.put_user("arn:aws:iam::111122223333:user/kms", Policy::none());
    let ended = world.pull(&task(&[container("app", IMAGE, &secret)])).output();
    assert_eq!(ended.failure(0), "secret-policy refused", "{ended:?}");
}

#[test]
fn denied_partial_arn_hints_at_a_wildcard_policy() {
    let mut world = World::new();
    world.host = world.aws.put_user("arn:aws:iam::111122223333:user/other", Policy::none());
    let partial = SECRET.strip_suffix("-Ab12Cd").unwrap();
    let ended = world.pull(&task(&[container("app", IMAGE, partial)])).output();
    assert!(hint(&ended).contains(&format!("GetSecretValue on {partial}-??????")), "{}", hint(&ended));
}

#[test]
fn host_without_credentials_gets_a_hint_about_instance_roles() {
    let world = World::new();
    let run = world.pull(&task(&[container("app", IMAGE, SECRET)]));
    let ended = run.env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "").output();
    assert_eq!(ended.failure(0), "host-identity absent", "{ended:?}");
    assert!(hint(&ended).contains("instance role"));
}

#[test]
fn unknown_access_key_is_a_host_identity_failure() {
    let world = World::new();
    let run = world.pull(&task(&[container("app", IMAGE, SECRET)]));
    let ended = run.env("AWS_ACCESS_KEY_ID", "AKIAUNKNOWNUNKNOWN00").output();
    assert_eq!(ended.failure(0), "host-identity refused", "{ended:?}");
}

#[test]
fn throttling_and_server_errors_are_retried() {
    let world = World::new();
    world.aws.inject_fault("GetSecretValue", Calls::Nth(1), AwsFault::Throttle);
    world.aws.inject_fault("GetSecretValue", Calls::Nth(2), AwsFault::Status(503));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(world.aws.call_count("GetSecretValue"), 3);
}

#[test]
fn each_aws_outage_is_reported_as_unavailable_or_throttled() {
    for (fault, failure) in [
        (AwsFault::Status(503), "secret unavailable"),
        (AwsFault::Throttle, "secret throttled"),
        (AwsFault::Reset, "secret unavailable"),
        (AwsFault::Garbage, "secret unavailable"),
    ] {
        let world = World::new();
        world.aws.inject_fault("GetSecretValue", Calls::Every, fault);
        assert_eq!(pull(&world).failure(0), failure);
    }
}

#[test]
fn hanging_secret_read_ends_at_the_timeout() {
    let world = World::new();
    world.aws.inject_fault("GetSecretValue", Calls::Every, AwsFault::Hang);
    let start = Instant::now();
    let run = world.pull(&task(&[container("app", IMAGE, SECRET)])).env("TASKPULL_SECRETS_TIMEOUT", "400ms");
    let ended = run.output();
    assert_eq!(ended.failure(0), "secret timed-out", "{ended:?}");
    assert!(start.elapsed().as_secs_f64() < 2.0, "{:?}", start.elapsed());
    assert!(hint(&ended).contains("secrets.timeout"));
    assert!(world.aws.call_count("GetSecretValue") <= 3);
}

#[test]
fn answer_that_does_not_identify_the_secret_is_rejected() {
    let version = "11111111-2222-3333-4444-555555555555";
    let answers = [
        json!({ "ARN": OTHER_SECRET, "Name": "prod/hub", "VersionId": version, "SecretString": LOGIN }),
        json!({ "Name": "prod/hub", "VersionId": version, "SecretString": LOGIN }),
        json!({ "ARN": SECRET, "Name": "prod/hub", "SecretString": LOGIN }),
        json!({ "ARN": SECRET, "Name": "prod/hub", "VersionId": "", "SecretString": LOGIN }),
    ];
    for answer in answers {
        let world = World::new();
        world.aws.inject_fault("GetSecretValue", Calls::Every, AwsFault::Body(answer.to_string()));
        assert_eq!(pull(&world).failure(0), "secret unavailable", "{answer}");
    }
}

#[test]
fn redirect_from_the_aws_endpoint_is_reported_as_unavailable() {
    let world = World::new();
    world.aws.inject_fault("GetSecretValue", Calls::Every, AwsFault::Status(302));
    assert_eq!(pull(&world).failure(0), "secret unavailable");
}
