//! `support::aws` evaluates identity, resource and key policies as AWS does.

use serde_json::json;

use crate::support::aws::{FakeAws, Policy, Secret};
use crate::support::aws_client::get_secret_text;
use crate::support::names::{ACCOUNT_ROOT, GET_SECRET_VALUE, HOST_USER, KEY, OTHER_KEY, OTHER_SECRET, ROLE, SECRET};

const DECRYPT: &str = "kms:Decrypt";
/// The text of the secret, which shows that the caller was allowed to read it.
const ALLOWED: &str = "swordfish";
const NO_KMS: &str = "Access to KMS is not allowed";

/// Returns the text of the secret, or the message of the denial.
async fn outcome(aws: &FakeAws, policy: Policy, id: &str) -> String {
    let key = aws.put_user(HOST_USER, policy);
    match get_secret_text(aws, &key, id).await {
        Ok(text) => text,
        Err(refused) => {
            assert_eq!(refused.code, "AccessDeniedException");
            refused.message
        }
    }
}

fn denied(resource: &str, reason: &str) -> String {
    format!("User: {HOST_USER} is not authorized to perform: {GET_SECRET_VALUE} on resource: {resource} {reason}")
}

fn missing(kind: &str, resource: &str) -> String {
    denied(resource, &format!("because no {kind} policy allows the {GET_SECRET_VALUE} action"))
}

#[tokio::test]
async fn denial_without_any_policy_names_the_identity_policy() {
    let aws = FakeAws::start();
    aws.put_secret(Secret::text(SECRET, ALLOWED));
    assert_eq!(outcome(&aws, Policy::none(), SECRET).await, missing("identity-based", SECRET));
    let other = Policy::allow(GET_SECRET_VALUE, &SECRET.replace("prod", "test"));
    assert_eq!(outcome(&aws, other, "prod/hub").await, missing("identity-based", "prod/hub"));
}

#[tokio::test]
async fn identity_policy_matches_the_full_arn_when_requested_by_name() {
    let aws = FakeAws::start();
    aws.put_secret(Secret::text(SECRET, ALLOWED));
    let pattern = SECRET.replace("Ab12Cd", "??????");
    assert_eq!(outcome(&aws, Policy::allow(GET_SECRET_VALUE, &pattern), "prod/hub").await, ALLOWED);
}

#[tokio::test]
async fn resource_policy_naming_the_caller_is_enough_within_one_account() {
    let aws = FakeAws::start();
    let secret = |principal: &str| {
        Secret::text(SECRET, ALLOWED).resource_policy(Policy::allow(GET_SECRET_VALUE, "*").to(principal))
    };
    aws.put_secret(secret(HOST_USER));
    assert_eq!(outcome(&aws, Policy::none(), SECRET).await, ALLOWED);
    aws.put_secret(secret("*"));
    assert_eq!(outcome(&aws, Policy::none(), SECRET).await, ALLOWED);
    aws.put_secret(secret(ACCOUNT_ROOT));
    assert_eq!(outcome(&aws, Policy::none(), SECRET).await, missing("identity-based", SECRET));
    aws.put_secret(secret("111122223333"));
    assert_eq!(outcome(&aws, Policy::none(), SECRET).await, missing("identity-based", SECRET));
}

#[tokio::test]
async fn explicit_deny_wins_in_any_policy() {
    let aws = FakeAws::start();
    let deny_host = Policy::deny(GET_SECRET_VALUE, "*").to(HOST_USER);
    aws.put_secret(Secret::text(SECRET, ALLOWED).resource_policy(deny_host));
    assert_eq!(
        outcome(&aws, Policy::allow(GET_SECRET_VALUE, "*"), SECRET).await,
        denied(SECRET, "with an explicit deny in a resource-based policy")
    );
    aws.put_secret(Secret::text(SECRET, ALLOWED));
    let both = Policy::allow("*", "*").and(Policy::deny("secretsmanager:*", SECRET));
    assert_eq!(outcome(&aws, both, SECRET).await, denied(SECRET, "with an explicit deny in an identity-based policy"));
}

#[tokio::test]
async fn absent_secret_is_denied_to_callers_without_read_permission() {
    let aws = FakeAws::start();
    assert_eq!(outcome(&aws, Policy::none(), "nothing").await, missing("identity-based", "nothing"));
    let cross_account = outcome(&aws, Policy::allow(GET_SECRET_VALUE, "*"), OTHER_SECRET).await;
    assert_eq!(cross_account, missing("resource-based", OTHER_SECRET));
}

#[tokio::test]
async fn session_matches_policies_for_its_own_arn_and_its_role() {
    let aws = FakeAws::start();
    aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::none());
    let session = aws.open_session(ROLE, "i-0abc");
    let session_arn = "arn:aws:sts::111122223333:assumed-role/web/i-0abc";
    for principal in [ROLE, session_arn] {
        let policy = Policy::allow(GET_SECRET_VALUE, "*").to(principal);
        aws.put_secret(Secret::text(SECRET, ALLOWED).resource_policy(policy));
        assert_eq!(get_secret_text(&aws, &session, SECRET).await.unwrap(), ALLOWED, "{principal}");
    }
    let other_session = Policy::allow(GET_SECRET_VALUE, "*").to(&format!("{session_arn}d"));
    aws.put_secret(Secret::text(SECRET, ALLOWED).resource_policy(other_session));
    assert!(get_secret_text(&aws, &session, SECRET).await.unwrap_err().message.contains(session_arn));
}

#[tokio::test]
async fn cross_account_access_needs_both_policies() {
    let aws = FakeAws::start();
    aws.put_key(OTHER_KEY, Policy::allow(DECRYPT, "*").to(ACCOUNT_ROOT));
    let identity_policy = || Policy::allow(GET_SECRET_VALUE, OTHER_SECRET).and(Policy::allow(DECRYPT, OTHER_KEY));
    let private_secret = || Secret::text(OTHER_SECRET, ALLOWED).key(OTHER_KEY);
    let open = || private_secret().resource_policy(Policy::allow(GET_SECRET_VALUE, "*").to(ACCOUNT_ROOT));

    aws.put_secret(private_secret());
    let without_policies = outcome(&aws, Policy::none(), OTHER_SECRET).await;
    assert_eq!(without_policies, missing("identity-based", OTHER_SECRET));
    assert_eq!(outcome(&aws, identity_policy(), OTHER_SECRET).await, missing("resource-based", OTHER_SECRET));
    aws.put_secret(open());
    let with_resource_policy_only = outcome(&aws, Policy::none(), OTHER_SECRET).await;
    assert_eq!(with_resource_policy_only, missing("identity-based", OTHER_SECRET));
    assert_eq!(outcome(&aws, identity_policy(), OTHER_SECRET).await, ALLOWED);
}

#[tokio::test]
async fn default_key_cannot_be_used_from_another_account() {
    let aws = FakeAws::start();
    let key = aws.put_user(HOST_USER, Policy::allow("*", "*"));
    let open = Policy::allow(GET_SECRET_VALUE, "*").to(HOST_USER);
    aws.put_secret(Secret::text(OTHER_SECRET, ALLOWED).resource_policy(open));
    let refused = get_secret_text(&aws, &key, OTHER_SECRET).await.unwrap_err();
    assert_eq!(refused.code, "InvalidRequestException");
    assert!(refused.message.contains("default KMS service key"), "{}", refused.message);
}

#[tokio::test]
async fn customer_key_needs_its_key_policy_and_the_caller_permission() {
    let aws = FakeAws::start();
    let get = || Policy::allow(GET_SECRET_VALUE, "*");
    let both = || get().and(Policy::allow(DECRYPT, KEY));
    for (key_policy, identity_policy, expected) in [
        (Policy::allow("kms:*", "*").to(ACCOUNT_ROOT), get(), NO_KMS),
        (Policy::allow("kms:*", "*").to(ACCOUNT_ROOT), both(), ALLOWED),
        (Policy::allow("kms:*", "*").to(ROLE), both(), NO_KMS),
        (Policy::allow(DECRYPT, "*").to(HOST_USER), get(), ALLOWED),
        (Policy::allow(DECRYPT, "*").to(HOST_USER), get().and(Policy::deny(DECRYPT, "*")), NO_KMS),
    ] {
        aws.put_key(KEY, key_policy);
        aws.put_secret(Secret::text(SECRET, ALLOWED).key(KEY));
        assert_eq!(outcome(&aws, identity_policy, SECRET).await, expected);
    }
}

#[tokio::test]
async fn key_policy_conditions_see_the_service_and_the_secret() {
    let aws = FakeAws::start();
    let named = |service: &str| {
        json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": { "AWS": [HOST_USER] }, "Action": ["kms:Decrypt"],
            "Resource": "*",
            "Condition": {
                "StringEquals": { "kms:ViaService": service },
                "ArnEquals": { "kms:EncryptionContext:SecretARN": SECRET.replace("Ab12Cd", "*") },
            },
        } })
    };
    aws.put_key(KEY, named("secretsmanager.eu-west-1.amazonaws.com"));
    aws.put_secret(Secret::text(SECRET, ALLOWED).key(KEY));
    assert_eq!(outcome(&aws, Policy::allow(GET_SECRET_VALUE, "*"), SECRET).await, ALLOWED);
    aws.put_key(KEY, named("ssm.eu-west-1.amazonaws.com"));
    let refused = outcome(&aws, Policy::allow(GET_SECRET_VALUE, "*"), SECRET).await;
    assert_eq!(refused, NO_KMS);
}

#[tokio::test]
async fn disabled_key_causes_a_decryption_failure() {
    let aws = FakeAws::start();
    let key = aws.put_user(HOST_USER, Policy::allow("*", "*"));
    aws.put_key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    aws.put_secret(Secret::text(SECRET, ALLOWED).key(KEY));
    aws.disable_key(KEY);
    assert_eq!(get_secret_text(&aws, &key, SECRET).await.unwrap_err().code, "DecryptionFailure");
}

#[tokio::test]
async fn policy_conditions_are_evaluated_against_the_request() {
    let aws = FakeAws::start();
    aws.put_secret(Secret::text(SECRET, ALLOWED));
    for (operator, key, value, is_allowed) in [
        ("StringEquals", "aws:RequestedRegion", "eu-west-1", true),
        ("StringEquals", "aws:RequestedRegion", "us-east-1", false),
        ("StringEquals", "aws:PrincipalAccount", "111122223333", true),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:user/*", true),
        ("StringLike", "aws:username", "ho?t", true),
        ("Bool", "aws:SecureTransport", "true", true),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8", false),
        ("StringEquals", "secretsmanager:VersionStage", "AWSCURRENT", false),
    ] {
        let policy = Policy::allow(GET_SECRET_VALUE, "*").when(operator, key, value);
        assert_eq!(outcome(&aws, policy, SECRET).await == ALLOWED, is_allowed, "{operator} {key} {value}");
    }
}

#[test]
#[should_panic(expected = "a statement has no element `Actions`")]
fn misspelled_policy_element_is_rejected() {
    let misspelled = r#"{"Statement": [{"Effect": "Allow", "Actions": "*", "Resource": "*"}]}"#;
    FakeAws::start().put_user(HOST_USER, misspelled);
}

#[test]
#[should_panic(expected = "no wildcard within a principal")]
fn principal_with_a_wildcard_is_rejected() {
    FakeAws::start().put_role(ROLE, Policy::trust("arn:aws:iam::111122223333:user/*"), Policy::none());
}

#[test]
#[should_panic(expected = "identity policies name no principal")]
fn identity_policy_with_a_principal_is_rejected() {
    FakeAws::start().put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*").to(HOST_USER));
}

#[test]
#[should_panic(expected = "no such key")]
fn secret_with_an_unknown_key_is_rejected() {
    FakeAws::start().put_secret(Secret::text(SECRET, ALLOWED).key(KEY));
}
