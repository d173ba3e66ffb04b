//! `support::aws` evaluates identity, resource and key policies as AWS does.

use serde_json::json;

use crate::support::aws::{Aws, Policy, Secret};
use crate::support_aws_client::{ACCOUNT, GET, HOST, KEY, ROLE, SECRET, THEIR_KEY, THEIR_SECRET, get_text};

const DECRYPT: &str = "kms:Decrypt";
/// The text of the secret, which shows that the caller was allowed to read it.
const ALLOWED: &str = "swordfish";
const NO_KMS: &str = "Access to KMS is not allowed";

/// Returns the text of the secret, or the message of the denial.
async fn outcome(aws: &Aws, policy: Policy, id: &str) -> String {
    let key = aws.user(HOST, policy);
    match get_text(aws, &key, id).await {
        Ok(text) => text,
        Err(refused) => {
            assert_eq!(refused.code, "AccessDeniedException");
            refused.message
        }
    }
}

fn denied(resource: &str, reason: &str) -> String {
    format!("User: {HOST} is not authorized to perform: {GET} on resource: {resource} {reason}")
}

fn missing(kind: &str, resource: &str) -> String {
    denied(resource, &format!("because no {kind} policy allows the {GET} action"))
}

#[tokio::test]
async fn denial_without_any_policy_names_the_identity_policy() {
    let aws = Aws::start();
    aws.secret(Secret::text(SECRET, ALLOWED));
    assert_eq!(outcome(&aws, Policy::none(), SECRET).await, missing("identity-based", SECRET));
    let other = Policy::allow(GET, &SECRET.replace("prod", "test"));
    assert_eq!(outcome(&aws, other, "prod/hub").await, missing("identity-based", "prod/hub"));
}

#[tokio::test]
async fn identity_policy_matches_the_full_arn_when_requested_by_name() {
    let aws = Aws::start();
    aws.secret(Secret::text(SECRET, ALLOWED));
    let pattern = SECRET.replace("Ab12Cd", "??????");
    assert_eq!(outcome(&aws, Policy::allow(GET, &pattern), "prod/hub").await, ALLOWED);
}

#[tokio::test]
async fn resource_policy_naming_the_caller_is_enough_within_one_account() {
    let aws = Aws::start();
    let secret = |principal: &str| Secret::text(SECRET, ALLOWED).resource_policy(Policy::allow(GET, "*").to(principal));
    aws.secret(secret(HOST));
    assert_eq!(outcome(&aws, Policy::none(), SECRET).await, ALLOWED);
    aws.secret(secret("*"));
    assert_eq!(outcome(&aws, Policy::none(), SECRET).await, ALLOWED);
    aws.secret(secret(ACCOUNT));
    assert_eq!(outcome(&aws, Policy::none(), SECRET).await, missing("identity-based", SECRET));
    aws.secret(secret("111122223333"));
    assert_eq!(outcome(&aws, Policy::none(), SECRET).await, missing("identity-based", SECRET));
}

#[tokio::test]
async fn explicit_deny_wins_in_any_policy() {
    let aws = Aws::start();
    let deny_host = Policy::deny(GET, "*").to(HOST);
    aws.secret(Secret::text(SECRET, ALLOWED).resource_policy(deny_host));
    assert_eq!(
        outcome(&aws, Policy::allow(GET, "*"), SECRET).await,
        denied(SECRET, "with an explicit deny in a resource-based policy")
    );
    aws.secret(Secret::text(SECRET, ALLOWED));
    let both = Policy::allow("*", "*").and(Policy::deny("secretsmanager:*", SECRET));
    assert_eq!(outcome(&aws, both, SECRET).await, denied(SECRET, "with an explicit deny in an identity-based policy"));
}

#[tokio::test]
async fn absent_secret_is_denied_to_callers_without_read_permission() {
    let aws = Aws::start();
    assert_eq!(outcome(&aws, Policy::none(), "nothing").await, missing("identity-based", "nothing"));
    let cross_account = outcome(&aws, Policy::allow(GET, "*"), THEIR_SECRET).await;
    assert_eq!(cross_account, missing("resource-based", THEIR_SECRET));
}

#[tokio::test]
async fn session_matches_policies_for_its_own_arn_and_its_role() {
    let aws = Aws::start();
    aws.role(ROLE, Policy::trust(HOST), Policy::none());
    let session = aws.session(ROLE, "i-0abc");
    let session_arn = "arn:aws:sts::111122223333:assumed-role/web/i-0abc";
    for principal in [ROLE, session_arn] {
        let policy = Policy::allow(GET, "*").to(principal);
        aws.secret(Secret::text(SECRET, ALLOWED).resource_policy(policy));
        assert_eq!(get_text(&aws, &session, SECRET).await.unwrap(), ALLOWED, "{principal}");
    }
    let other_session = Policy::allow(GET, "*").to(&format!("{session_arn}d"));
    aws.secret(Secret::text(SECRET, ALLOWED).resource_policy(other_session));
    assert!(get_text(&aws, &session, SECRET).await.unwrap_err().message.contains(session_arn));
}

#[tokio::test]
async fn cross_account_access_needs_both_policies() {
    let aws = Aws::start();
    aws.key(THEIR_KEY, Policy::allow(DECRYPT, "*").to(ACCOUNT));
    let identity_policy = || Policy::allow(GET, THEIR_SECRET).and(Policy::allow(DECRYPT, THEIR_KEY));
    let private_secret = || Secret::text(THEIR_SECRET, ALLOWED).key(THEIR_KEY);
    let open = || private_secret().resource_policy(Policy::allow(GET, "*").to(ACCOUNT));

    aws.secret(private_secret());
    let without_policies = outcome(&aws, Policy::none(), THEIR_SECRET).await;
    assert_eq!(without_policies, missing("identity-based", THEIR_SECRET));
    assert_eq!(outcome(&aws, identity_policy(), THEIR_SECRET).await, missing("resource-based", THEIR_SECRET));
    aws.secret(open());
    let with_resource_policy_only = outcome(&aws, Policy::none(), THEIR_SECRET).await;
    assert_eq!(with_resource_policy_only, missing("identity-based", THEIR_SECRET));
    assert_eq!(outcome(&aws, identity_policy(), THEIR_SECRET).await, ALLOWED);
}

#[tokio::test]
async fn default_key_cannot_be_used_from_another_account() {
    let aws = Aws::start();
    let key = aws.user(HOST, Policy::allow("*", "*"));
    let open = Policy::allow(GET, "*").to(HOST);
    aws.secret(Secret::text(THEIR_SECRET, ALLOWED).resource_policy(open));
    let refused = get_text(&aws, &key, THEIR_SECRET).await.unwrap_err();
    assert_eq!(refused.code, "InvalidRequestException");
    assert!(refused.message.contains("default KMS service key"), "{}", refused.message);
}

#[tokio::test]
async fn customer_key_needs_its_key_policy_and_the_caller_permission() {
    let aws = Aws::start();
    let get = || Policy::allow(GET, "*");
    let both = || get().and(Policy::allow(DECRYPT, KEY));
    for (key_policy, identity_policy, expected) in [
        (Policy::allow("kms:*", "*").to(ACCOUNT), get(), NO_KMS),
        (Policy::allow("kms:*", "*").to(ACCOUNT), both(), ALLOWED),
        (Policy::allow("kms:*", "*").to(ROLE), both(), NO_KMS),
        (Policy::allow(DECRYPT, "*").to(HOST), get(), ALLOWED),
        (Policy::allow(DECRYPT, "*").to(HOST), get().and(Policy::deny(DECRYPT, "*")), NO_KMS),
    ] {
        aws.key(KEY, key_policy);
        aws.secret(Secret::text(SECRET, ALLOWED).key(KEY));
        assert_eq!(outcome(&aws, identity_policy, SECRET).await, expected);
    }
}

#[tokio::test]
async fn key_policy_conditions_see_the_service_and_the_secret() {
    let aws = Aws::start();
    let named = |service: &str| {
        json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": { "AWS": [HOST] }, "Action": ["kms:Decrypt"],
            "Resource": "*",
            "Condition": {
                "StringEquals": { "kms:ViaService": service },
                "ArnEquals": { "kms:EncryptionContext:SecretARN": SECRET.replace("Ab12Cd", "*") },
            },
        } })
    };
    aws.key(KEY, named("secretsmanager.eu-west-1.amazonaws.com"));
    aws.secret(Secret::text(SECRET, ALLOWED).key(KEY));
    assert_eq!(outcome(&aws, Policy::allow(GET, "*"), SECRET).await, ALLOWED);
    aws.key(KEY, named("ssm.eu-west-1.amazonaws.com"));
    let refused = outcome(&aws, Policy::allow(GET, "*"), SECRET).await;
    assert_eq!(refused, NO_KMS);
}

#[tokio::test]
async fn disabled_key_causes_a_decryption_failure() {
    let aws = Aws::start();
    let key = aws.user(HOST, Policy::allow("*", "*"));
    aws.key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT));
    aws.secret(Secret::text(SECRET, ALLOWED).key(KEY));
    aws.disable_key(KEY);
    assert_eq!(get_text(&aws, &key, SECRET).await.unwrap_err().code, "DecryptionFailure");
}

#[tokio::test]
async fn policy_conditions_are_evaluated_against_the_request() {
    let aws = Aws::start();
    aws.secret(Secret::text(SECRET, ALLOWED));
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
        let policy = Policy::allow(GET, "*").when(operator, key, value);
        assert_eq!(outcome(&aws, policy, SECRET).await == ALLOWED, is_allowed, "{operator} {key} {value}");
    }
}

#[test]
#[should_panic(expected = "a statement has no element `Actions`")]
fn misspelled_policy_element_is_rejected() {
    let misspelled = r#"{"Statement": [{"Effect": "Allow", "Actions": "*", "Resource": "*"}]}"#;
    Aws::start().user(HOST, misspelled);
}

#[test]
#[should_panic(expected = "no wildcard within a principal")]
fn principal_with_a_wildcard_is_rejected() {
    Aws::start().role(ROLE, Policy::trust("arn:aws:iam::111122223333:user/*"), Policy::none());
}

#[test]
#[should_panic(expected = "identity policies name no principal")]
fn identity_policy_with_a_principal_is_rejected() {
    Aws::start().user(HOST, Policy::allow(GET, "*").to(HOST));
}

#[test]
#[should_panic(expected = "no such key")]
fn secret_with_an_unknown_key_is_rejected() {
    Aws::start().secret(Secret::text(SECRET, ALLOWED).key(KEY));
}
