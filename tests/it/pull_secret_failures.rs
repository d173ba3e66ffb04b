//! Every way in which a secret cannot be read or is not what it must be.

use std::time::Instant;

use serde_json::json;

use crate::support::aws::{Fault, Policy, Secret};
use crate::support::fault::When;
use crate::support::run::Ended;
use crate::support_aws_client::{GET, HOST, KEY, ROLE, SECRET, THEIR_SECRET};
use crate::task::{IMAGE, LOGIN, World, container, open_container, task};

/// Pulls one private image and one open one. The open one must always make it.
fn pull(world: &World) -> Ended {
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET), open_container("open", "nginx")])).end();
    assert_eq!(ended.container(1)["failure"], json!(null), "{ended:?}");
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(world.engine.count(IMAGE), 0, "nothing is pulled without its credential");
    ended
}

fn hint(ended: &Ended) -> String {
    ended.container(0)["failure"]["hint"].as_str().unwrap_or_default().to_owned()
}

fn said(ended: &Ended) -> String {
    ended.container(0)["failure"]["causedBy"].to_string()
}

#[test]
fn a_missing_secret_names_the_region_and_the_account() {
    let world = World::new();
    let ended = world.pull(&task(&[container("app", IMAGE, &SECRET.replace("prod", "test"))])).end();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "secret absent"));
    assert!(hint(&ended).contains("--region eu-west-1` in account 111122223333"), "{}", hint(&ended));
    assert!(said(&ended).contains("ResourceNotFoundException") && said(&ended).contains("request id"));
}

#[test]
fn a_denial_names_the_action_the_secret_and_the_reader() {
    let mut world = World::new();
    world.host = world.aws.user("arn:aws:iam::111122223333:user/other", Policy::none());
    let ended = pull(&world);
    assert_eq!(ended.failure(0), "secret-policy refused");
    assert!(hint(&ended).contains(&format!("allow secretsmanager:GetSecretValue on {SECRET}")), "{}", hint(&ended));
    assert_eq!(world.aws.count("GetSecretValue"), 1, "a denial is never tried again");
}

#[test]
fn another_accounts_secret_without_its_policy_is_a_denial() {
    let world = World::new();
    world.aws.secret(Secret::text(THEIR_SECRET, LOGIN));
    let ended = world.pull(&task(&[container("app", IMAGE, THEIR_SECRET)])).end();
    assert_eq!(ended.failure(0), "secret-policy refused", "{ended:?}");
    assert!(hint(&ended).contains("if that is not in account 444455556666, the secret's resource policy"));
}

#[test]
fn a_key_that_does_not_admit_the_reader_is_told_apart() {
    let world = World::new();
    world.aws.key(KEY, Policy::none());
    world.aws.secret(Secret::text(SECRET, LOGIN).key(KEY));
    let ended = pull(&world);
    assert_eq!(ended.failure(0), "key refused", "{ended:?}");
    assert!(hint(&ended).contains("kms:Decrypt"));
}

#[test]
fn a_secret_marked_for_deletion_can_be_restored() {
    let world = World::new();
    world.aws.secret(Secret::text(SECRET, LOGIN).marked_for_deletion());
    let ended = pull(&world);
    assert_eq!(ended.failure(0), "secret absent", "{ended:?}");
    assert!(hint(&ended).contains("restore-secret"));
}

#[test]
fn a_secret_without_a_current_version_says_so() {
    let world = World::new();
    world.aws.secret(Secret::text(SECRET, LOGIN).without_current());
    let ended = pull(&world);
    assert_eq!(ended.failure(0), "secret absent", "{ended:?}");
    assert!(ended.stdout.contains("no version labelled AWSCURRENT"));
}

#[test]
fn each_wrong_content_has_its_own_message() {
    let world = World::new();
    let table = [
        ("hunter2", "it is not JSON (line 1, column 1)"),
        (r#"["me", "hunter2"]"#, "not an object"),
        (r#"{"username": "me"}"#, "`password` is missing"),
        (r#"{"password": "hunter2"}"#, "`username` is missing"),
        (r#"{"username": "me", "password": ""}"#, "`password` is empty"),
        (r#"{"username": "me", "password": 12}"#, "`password` is not a string"),
        (r#"{"username": "me", "password": "hunter2", "password": "x"}"#, "`password` stands there twice"),
        (r#"{"username": "me", "accessToken": "hunter2"}"#, "`accessToken`, the format of ECR's pull-through cache"),
        ("", "it is empty"),
    ];
    for (text, message) in table {
        world.aws.secret(Secret::text(SECRET, text));
        let ended = pull(&world);
        assert_eq!(ended.failure(0), "content invalid", "{text}");
        assert!(ended.stdout.contains(message), "{text}: {}", ended.stdout);
        assert!(!format!("{ended:?}").contains("hunter2"), "no value is repeated");
    }
    world.aws.secret(Secret::binary(SECRET, b"hunter2"));
    assert!(pull(&world).stdout.contains("it is binary, not text"));
}

#[test]
fn a_role_that_does_not_trust_the_host_is_named() {
    let world = World::new();
    world.aws.role(ROLE, Policy::trust("arn:aws:iam::111122223333:user/other"), Policy::allow(GET, "*"));
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(ROLE);
    let ended = world.pull(&definition).end();
    assert_eq!(ended.failure(0), "role refused", "{ended:?}");
    assert_eq!(ended.container(0)["failure"]["resource"], ROLE);
    assert!(hint(&ended).contains("trust policy"));
    assert_eq!(world.aws.count("GetSecretValue"), 0);
}

/// A world whose task reads its secret as `ROLE`, and the definition that says so.
fn world_with_role() -> (World, serde_json::Value) {
    let mut world = World::new();
    world.host = world.aws.user(HOST, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.role(ROLE, Policy::trust(HOST), Policy::allow(GET, "*"));
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(ROLE);
    (world, definition)
}

#[test]
fn an_outage_of_sts_is_no_refusal_and_not_the_secrets_fault() {
    for fault in [Fault::Throttle, Fault::Status(503), Fault::Reset, Fault::Garbage, Fault::Hang] {
        let (world, definition) = world_with_role();
        world.aws.fault("AssumeRole", When::Every, fault);
        let ended = world.pull(&definition).env("TASKPULL_SECRETS_TIMEOUT", "4s").end();
        assert_eq!(ended.failure(0), "role unavailable", "{ended:?}");
        assert_eq!(ended.container(0)["failure"]["resource"], ROLE);
    }
}

#[test]
fn what_sts_turns_down_for_another_reason_is_no_denial() {
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
        world.aws.fault("AssumeRole", When::Every, Fault::Error(status, code, message));
        let ended = world.pull(&definition).env("AWS_REGION", "us-west-2").end();
        assert_eq!(ended.failure(0), format!("role {class}"), "{ended:?}");
        assert_eq!(ended.container(0)["failure"]["resource"], ROLE);
        assert!(said(&ended).contains(code) && said(&ended).contains(message), "{ended:?}");
        assert!(said(&ended).contains("request id"), "{ended:?}");
        assert!(!ended.stdout.contains("may not assume") && !hint(&ended).contains("trust policy"), "{ended:?}");
        let names_region = ended.container(0)["failure"]["message"].as_str().unwrap().contains("us-west-2");
        assert!(names_region, "STS was asked there, and the secret is elsewhere: {ended:?}");
        assert_eq!(hint(&ended).contains("activate STS for us-west-2"), class == "refused", "{ended:?}");
        assert_eq!(world.aws.count("AssumeRole"), 1, "nothing of it passes by itself");
    }
}

#[test]
fn a_wrong_clock_is_the_hosts_fault_whoever_notices() {
    let (world, definition) = world_with_role();
    world.aws.set_clock_ahead(24 * 3_600);
    for definition in [definition, task(&[container("app", IMAGE, SECRET)])] {
        let ended = world.pull(&definition).end();
        assert_eq!(ended.failure(0), "host-identity refused", "{ended:?}");
        assert!(hint(&ended).contains("set the host's clock"), "{ended:?}");
    }
}

#[test]
fn a_failing_credential_process_is_run_once_and_its_output_is_not_shown() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let (config, count) = (folder.path().join("config"), folder.path().join("count"));
    let script = format!("sh -c 'echo run >> {}; sleep 0.3; echo hunter2 >&2; exit 1'", count.display());
    std::fs::write(&config, format!("[default]\ncredential_process = {script}\n")).unwrap();
    let containers: Vec<_> =
        (0..5).map(|at| container(&format!("c{at}"), IMAGE, &SECRET.replace("hub", &format!("hub{at}")))).collect();
    let run = world.pull(&task(&containers)).env("AWS_CONFIG_FILE", &config);
    let ended = run.env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "").end();
    for at in 0..5 {
        assert_eq!(ended.failure(at), "host-identity unavailable", "{ended:?}");
    }
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "run\n", "all five shared one attempt");
    assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
}

#[test]
fn a_denial_of_a_secret_named_after_kms_is_no_fault_of_a_key() {
    let mut world = World::new();
    let secret = SECRET.replace("prod/hub", "kms-team/kms");
    world.aws.secret(Secret::text(&secret, LOGIN));
    world.host = world.aws.user("arn:aws:iam::111122223333:user/kms", Policy::none());
    let ended = world.pull(&task(&[container("app", IMAGE, &secret)])).end();
    assert_eq!(ended.failure(0), "secret-policy refused", "{ended:?}");
}

#[test]
fn a_denial_of_a_partial_arn_asks_for_a_policy_with_wildcards() {
    let mut world = World::new();
    world.host = world.aws.user("arn:aws:iam::111122223333:user/other", Policy::none());
    let partial = SECRET.strip_suffix("-Ab12Cd").unwrap();
    let ended = world.pull(&task(&[container("app", IMAGE, partial)])).end();
    assert!(hint(&ended).contains(&format!("GetSecretValue on {partial}-??????")), "{}", hint(&ended));
}

#[test]
fn a_host_without_credentials_is_told_where_to_get_them() {
    let world = World::new();
    let run = world.pull(&task(&[container("app", IMAGE, SECRET)]));
    let ended = run.env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "").end();
    assert_eq!(ended.failure(0), "host-identity absent", "{ended:?}");
    assert!(hint(&ended).contains("instance role"));
}

#[test]
fn an_unknown_access_key_is_the_hosts_fault() {
    let world = World::new();
    let run = world.pull(&task(&[container("app", IMAGE, SECRET)]));
    let ended = run.env("AWS_ACCESS_KEY_ID", "AKIAUNKNOWNUNKNOWN00").end();
    assert_eq!(ended.failure(0), "host-identity refused", "{ended:?}");
}

#[test]
fn throttling_and_server_errors_are_tried_again() {
    let world = World::new();
    world.aws.fault("GetSecretValue", When::Nth(1), Fault::Throttle);
    world.aws.fault("GetSecretValue", When::Nth(2), Fault::Status(503));
    let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(world.aws.count("GetSecretValue"), 3);
}

#[test]
fn an_outage_is_told_from_a_refusal() {
    for (fault, failure) in [
        (Fault::Status(503), "secret unavailable"),
        (Fault::Throttle, "secret throttled"),
        (Fault::Reset, "secret unavailable"),
        (Fault::Garbage, "secret unavailable"),
    ] {
        let world = World::new();
        world.aws.fault("GetSecretValue", When::Every, fault);
        assert_eq!(pull(&world).failure(0), failure);
    }
}

#[test]
fn a_hanging_service_costs_the_deadline_and_not_more() {
    let world = World::new();
    world.aws.fault("GetSecretValue", When::Every, Fault::Hang);
    let begun = Instant::now();
    let run = world.pull(&task(&[container("app", IMAGE, SECRET)])).env("TASKPULL_SECRETS_TIMEOUT", "400ms");
    let ended = run.end();
    assert_eq!(ended.failure(0), "secret timed-out", "{ended:?}");
    assert!(begun.elapsed().as_secs_f64() < 2.0, "{:?}", begun.elapsed());
    assert!(hint(&ended).contains("secrets.timeout"));
    assert!(world.aws.count("GetSecretValue") <= 3);
}

#[test]
fn an_answer_that_is_not_said_to_be_this_secret_is_shown_to_no_registry() {
    let version = "11111111-2222-3333-4444-555555555555";
    let answers = [
        json!({ "ARN": THEIR_SECRET, "Name": "prod/hub", "VersionId": version, "SecretString": LOGIN }),
        json!({ "Name": "prod/hub", "VersionId": version, "SecretString": LOGIN }),
        json!({ "ARN": SECRET, "Name": "prod/hub", "SecretString": LOGIN }),
        json!({ "ARN": SECRET, "Name": "prod/hub", "VersionId": "", "SecretString": LOGIN }),
    ];
    for answer in answers {
        let world = World::new();
        world.aws.fault("GetSecretValue", When::Every, Fault::Body(answer.to_string()));
        assert_eq!(pull(&world).failure(0), "secret unavailable", "{answer}");
    }
}

#[test]
fn a_gateway_that_sends_the_call_elsewhere_is_no_answer() {
    let world = World::new();
    world.aws.fault("GetSecretValue", When::Every, Fault::Status(302));
    assert_eq!(pull(&world).failure(0), "secret unavailable");
}
