//! `taskpull secret check`: the result of each of its checks.

use serde_json::{Value, json};

use crate::support::aws::{Policy, Secret};
use crate::support::names::{GET_SECRET_VALUE, KEY};
use crate::support::run::{Run, RunOutput};
use crate::support::world::SecretWorld;

const TOKEN: &str = "dckr_pat_c4nary-token";
const HUB: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-Ab12Cd";

fn login(key: &str) -> String {
    json!({ "username": "me", key: TOKEN }).to_string()
}

fn world(secret: Secret) -> SecretWorld {
    let allowed = Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("secretsmanager:DescribeSecret", "*"));
    let world = SecretWorld::with_key(allowed.and(Policy::allow("kms:Decrypt", KEY)));
    world.aws.put_secret(secret);
    world
}

fn check(world: &SecretWorld, usage: &str, more: &[&str]) -> RunOutput {
    let run = Run::new(["secret", "check", "--for", usage, HUB].iter().chain(more));
    world.output(run.env("AWS_REGION", "eu-west-1"), TOKEN)
}

/// Returns the status of a check and its text with the hint.
fn check_result(ended: &RunOutput, check: &str) -> (String, String) {
    let output: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let findings = output["findings"].as_array().unwrap().clone();
    let finding = findings.into_iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{ended:?}"));
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (text("found"), format!("{} {}", text("says"), text("hint")))
}

fn check_as_json(world: &SecretWorld, usage: &str, more: &[&str]) -> RunOutput {
    check(world, usage, &[&["--output", "json"], more].concat())
}

#[test]
fn valid_pull_through_secret_passes_every_check() {
    let world = world(Secret::text(HUB, &login("accessToken")).replica("us-east-1", "InSync"));
    let ended = check(&world, "pull-through", &["--region", "eu-west-1", "--account", "111122223333"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for check in ["name", "region", "account", "key", "rotation", "replication", "content"] {
        assert!(ended.stdout.contains(&format!("  good   {check}")), "{check}: {ended:?}");
    }
    assert!(ended.stdout.ends_with("\nOK\n"), "{ended:?}");
    let operations: Vec<_> = world.aws.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["DescribeSecret", "GetSecretValue"], "the check only reads");
}

#[test]
fn secret_for_one_usage_fails_the_check_for_the_other() {
    let for_rule = world(Secret::text(HUB, &login("accessToken")));
    let ended = check_as_json(&for_rule, "direct", &[]);
    let (status, text) = check_result(&ended, "content");
    assert_eq!((ended.code, &*status), (3, "wrong"), "{ended:?}");
    assert!(text.contains("this is a secret for --for pull-through") && text.contains("a second secret"), "{text}");
    let for_task = world(Secret::text(HUB, &login("password")));
    let (status, text) = check_result(&check_as_json(&for_task, "pull-through", &[]), "content");
    assert!(status == "wrong" && text.contains("this is a secret for --for direct"), "{text}");
}

#[test]
fn location_key_rotation_and_replicas_are_checked() {
    let secret = Secret::text(HUB, &login("accessToken")).key(KEY).rotated();
    let world = world(secret.replica("us-east-1", "Failed").stage("AWSPENDING", "{}"));
    let other_account = ["--account", "444455556666"];
    let ended = check_as_json(&world, "pull-through", &other_account);
    assert_eq!(ended.code, 3, "{ended:?}");
    for (check, expected_status, expected_text) in [
        ("account", "wrong", "the rule in 444455556666"),
        ("key", "wrong", "customer key"),
        ("rotation", "note", "AWSPENDING"),
        ("replication", "wrong", "us-east-1: failed"),
        ("content", "good", "`accessToken`"),
    ] {
        let (status, text) = check_result(&ended, check);
        assert!(status == expected_status && text.contains(expected_text), "{check}: {status} {text}");
    }
    let ended = check_as_json(&world, "pull-through", &["--region", "us-east-1"]);
    assert!(check_result(&ended, "region").1.contains("the rule in us-east-1"), "{ended:?}");
}

#[test]
fn denied_check_names_the_missing_permission() {
    let mut world = world(Secret::text(HUB, &login("accessToken")));
    world.host = world.aws.put_user("arn:aws:iam::111122223333:user/reader", Policy::allow(GET_SECRET_VALUE, "*"));
    let ended = check_as_json(&world, "pull-through", &[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let (_, text) = check_result(&ended, "description");
    assert!(text.contains(&format!("allow secretsmanager:DescribeSecret on {HUB}")), "{text}");
    assert_eq!(check_result(&ended, "content").0, "good");
}

#[test]
fn absent_and_deleted_secrets_are_reported() {
    let deleted = world(Secret::text(HUB, "{}").marked_for_deletion());
    let ended = check_as_json(&deleted, "pull-through", &[]);
    assert!(ended.code == 3 && check_result(&ended, "secret").1.contains("restore-secret"), "{ended:?}");
    let absent = world(Secret::text(&HUB.replace("/hub-", "/other-"), "{}"));
    let ended = check_as_json(&absent, "pull-through", &[]);
    assert!(ended.code == 3 && check_result(&ended, "secret").1.contains("there is no such secret"), "{ended:?}");
}

#[test]
fn invalid_arguments_are_rejected_before_any_request() {
    let world = world(Secret::text(HUB, "{}"));
    for more in [["--region", "eu"], ["--account", "1"], ["--registry", "team/app"], ["--registry", "https://ghcr.io"]]
    {
        let ended = check(&world, "direct", &more);
        assert_eq!((ended.code, &*ended.stdout), (2, ""), "{more:?}: {ended:?}");
    }
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn oddities_of_a_login_are_named_without_its_values() {
    for (username, password, status, message) in [
        ("me", format!("{TOKEN}\n"), "wrong", "the password ends in a line end"),
        ("me\n", TOKEN.to_owned(), "wrong", "the user name ends in a line end"),
        ("me", format!("'{TOKEN}'"), "wrong", "the password is in quotes"),
        ("dop_v1_0123456789abcdef", "dop_v1_0123456789abcdef".to_owned(), "note", "the password is the user name"),
        ("me", TOKEN.to_owned(), "good", "`username` and `password`"),
    ] {
        let content = json!({ "username": username, "password": password }).to_string();
        let ended = check_as_json(&world(Secret::text(HUB, &content)), "direct", &[]);
        let (found, text) = check_result(&ended, "content");
        assert!(found == status && text.contains(message), "{found} {text}");
        let command = "`taskpull secret new --for direct --name ecr-pullthroughcache/hub --region eu-west-1";
        assert_eq!(text.contains(command), status == "wrong", "{text}");
    }
}

#[test]
fn keys_in_place_of_the_expected_ones_are_named() {
    for (usage, content, message) in [
        ("direct", r#"{"user": "me", "pass": "x"}"#, "rename `user` to `username` and `pass` to `password`"),
        ("direct", r#"{"Username": "me", "password": "x"}"#, "`Username` is not read in its place"),
        ("pull-through", r#"{"username": "me", "token": "x"}"#, "`accessToken` is missing; `token` is not read"),
        ("direct", "{username:me,password:x}", "its quotes are missing"),
    ] {
        let ended = check_as_json(&world(Secret::text(HUB, content)), usage, &[]);
        let (found, text) = check_result(&ended, "content");
        assert!(found == "wrong" && text.contains(message), "{text}");
        assert!(
            text.contains("--name ecr-pullthroughcache/hub --region eu-west-1 --username USER --update`"),
            "{text}"
        );
    }
}
