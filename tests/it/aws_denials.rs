//! What AWS says about a denied request decides the cause and the hint, for every service.

use serde_json::{Value, json};

use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::fault::Calls;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::support::run::RunOutput;
use crate::support::world::{IMAGE, LOGIN, World, container, task};

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/web/web";

/// A definition whose secret is read as `ROLE`.
fn world() -> (World, Value) {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    world.aws.put_secret(Secret::text(SECRET, LOGIN));
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(ROLE);
    (world, definition)
}

/// Pulls while an operation is denied by this sentence.
fn pull(operation: &str, code: &'static str, sentence: String) -> RunOutput {
    let (world, definition) = world();
    let sentence: &'static str = sentence.leak();
    world.aws.inject_fault(operation, Calls::Every, AwsFault::Error(400, code, sentence));
    let ended = world.pull(&definition).output();
    assert_eq!(world.aws.call_count(operation), 1, "a denial is final: {ended:?}");
    ended
}

fn text(ended: &RunOutput, field: &str) -> String {
    ended.container(0)["failure"][field].as_str().unwrap_or_default().to_owned()
}

#[test]
fn hint_about_a_secret_names_the_policy_that_denies() {
    let no = |kind: &str| format!("because no {kind} allows the {GET_SECRET_VALUE} action");
    let deny = |kind: &str| format!("with an explicit deny in {kind}");
    let table = [
        (
            no("permissions boundary"),
            "permissions boundary",
            "aws iam get-role --role-name web --query Role.PermissionsBoundary",
        ),
        (no("session policy"), "session policy", "aws cloudtrail lookup-events --region eu-west-1"),
        (no("VPC endpoint policy"), "policy of the VPC endpoint", "aws ec2 describe-vpc-endpoints --region eu-west-1"),
        (
            no("service control policy"),
            "an administrator of the organization",
            "--target-id 111122223333 --filter SERVICE_CONTROL_POLICY",
        ),
        (deny("a service control policy"), "no allow overrides", "--filter SERVICE_CONTROL_POLICY"),
        (deny("a resource control policy"), "no allow overrides", "--filter RESOURCE_CONTROL_POLICY"),
        (deny("an identity-based policy"), "remove the deny", "aws iam list-role-policies --role-name web"),
        (
            deny("a resource-based policy"),
            "remove the deny",
            "aws secretsmanager get-resource-policy --region eu-west-1",
        ),
        (
            deny(
                "a service control policy: arn:aws:organizations::999988887777:policy/o-abc/service_control_policy/p-1",
            ),
            "(arn:aws:organizations",
            "describe-policy --policy-id p-1",
        ),
        (String::new(), "does not say", "get-resource-policy"),
    ];
    for (reason, cause, command) in table {
        let sentence =
            format!("User: {SESSION} is not authorized to perform: {GET_SECRET_VALUE} on resource: x {reason}");
        let ended = pull("GetSecretValue", "AccessDeniedException", sentence);
        assert_eq!(ended.failure(0), "secret-policy refused", "{ended:?}");
        let (message, hint) = (text(&ended, "message"), text(&ended, "hint"));
        assert!(format!("{message} {hint}").contains(cause) && hint.contains(command), "{reason}: {hint}");
        assert_eq!(hint.starts_with("allow"), reason.contains("identity-based policy allows"), "{hint}");
    }
}

#[test]
fn sts_names_the_half_that_is_missing() {
    let table = [
        (
            "because no identity-based policy allows the sts:AssumeRole action",
            "allow sts:AssumeRole on",
            "the trust policy",
        ),
        (
            "because no role trust policy allows the sts:AssumeRole action",
            "the trust policy of",
            "allow sts:AssumeRole on",
        ),
        (
            "because no VPC endpoint policy allows the sts:AssumeRole action",
            "policy of the VPC endpoint",
            "the trust policy",
        ),
        ("with an explicit deny in the role trust policy", "remove the deny", "allow sts:AssumeRole on"),
    ];
    for (reason, wanted, other_half) in table {
        let sentence =
            format!("User: {HOST_USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE} {reason}");
        let ended = pull("AssumeRole", "AccessDenied", sentence);
        assert_eq!(ended.failure(0), "role refused", "{ended:?}");
        let hint = text(&ended, "hint");
        assert!(hint.contains(wanted) && !hint.contains(other_half), "{hint}");
    }
}

#[test]
fn sts_without_a_reason_leaves_a_missing_role_open() {
    for sentence in [
        format!("User: {HOST_USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"),
        "Not authorized to perform sts:AssumeRole".to_owned(),
    ] {
        let ended = pull("AssumeRole", "AccessDenied", sentence);
        let hint = text(&ended, "hint");
        assert!(hint.contains("must exist") && hint.contains("`aws iam get-role --role-name web"), "{hint}");
    }
}

#[test]
fn denied_key_of_a_secret_is_reported_with_its_policy() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let sentence = format!(
        "User: {SESSION} is not authorized to perform: kms:Decrypt on resource: {key} with an explicit deny in a resource-based policy"
    );
    let ended = pull("GetSecretValue", "AccessDeniedException", sentence);
    assert_eq!(ended.failure(0), "key refused", "{ended:?}");
    let hint = text(&ended, "hint");
    assert!(hint.contains(&format!("`aws kms get-key-policy --region eu-west-1 --key-id {key}")), "{hint}");
}
