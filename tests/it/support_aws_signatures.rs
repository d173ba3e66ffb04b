//! Signatures and keys that `support::aws` rejects, and its log of calls.

use aws_sdk_secretsmanager::config::Region;

use crate::support::aws::{AccessKey, FakeAws, Policy, Secret};
use crate::support::aws_client::{SdkFailure, assume_role, get_secret_text, secrets_manager_config};
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};

async fn codes(aws: &FakeAws, key: &AccessKey) -> [String; 2] {
    let secret = get_secret_text(aws, key, SECRET).await.unwrap_err();
    [secret.code, assume_role(aws, key, ROLE, None).await.unwrap_err().code]
}

#[tokio::test]
async fn unknown_key_is_refused_with_the_error_of_each_service() {
    let aws = FakeAws::start();
    let (id, secret) = ("AKIANOBODY".to_owned(), "none".to_owned());
    let stranger = AccessKey { id, secret, token: None };
    let expected = ["UnrecognizedClientException", "InvalidClientTokenId"];
    assert_eq!(codes(&aws, &stranger).await, expected);
}

#[tokio::test]
async fn session_key_without_its_token_is_unknown() {
    let aws = FakeAws::start();
    aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow("*", "*"));
    let mut session = aws.open_session(ROLE, "i-0abc");
    session.token = None;
    let expected = ["UnrecognizedClientException", "InvalidClientTokenId"];
    assert_eq!(codes(&aws, &session).await, expected);
}

#[tokio::test]
async fn wrong_secret_key_is_a_signature_mismatch() {
    let aws = FakeAws::start();
    let mut host = aws.put_user(HOST_USER, Policy::allow("*", "*"));
    host.secret.push('x');
    assert_eq!(codes(&aws, &host).await, ["InvalidSignatureException", "SignatureDoesNotMatch"]);
}

#[tokio::test]
async fn clock_skew_is_named_in_the_refusal() {
    let aws = FakeAws::start();
    let host = aws.put_user(HOST_USER, Policy::allow("*", "*"));
    for (seconds, message) in [(3600, "Signature expired: "), (-3600, "Signature not yet current: ")] {
        aws.set_clock_ahead(seconds);
        let refused = get_secret_text(&aws, &host, SECRET).await.unwrap_err();
        assert_eq!(refused.code, "InvalidSignatureException");
        assert!(refused.message.starts_with(message), "{}", refused.message);
    }
}

#[tokio::test]
async fn key_of_another_partition_is_unknown() {
    let aws = FakeAws::start();
    let host = aws.put_user("arn:aws-cn:iam::111122223333:user/host", Policy::allow("*", "*"));
    let refused = get_secret_text(&aws, &host, SECRET).await.unwrap_err();
    assert_eq!(refused.code, "UnrecognizedClientException");
}

#[tokio::test]
async fn unknown_region_is_rejected_as_signing_scope() {
    let aws = FakeAws::start();
    let host = aws.put_user(HOST_USER, Policy::allow("*", "*"));
    let config = secrets_manager_config(&aws, &host, "nowhere").region(Region::new("nowhere")).build();
    let client = aws_sdk_secretsmanager::Client::from_conf(config);
    let refused = client.get_secret_value().secret_id(SECRET).send().await.unwrap_err();
    let refused = SdkFailure::from(refused);
    assert_eq!(refused.code, "InvalidSignatureException");
    assert!(refused.message.contains("scoped to a valid region"), "{}", refused.message);
}

#[tokio::test]
async fn call_log_has_caller_operation_target_and_region() {
    let aws = FakeAws::start();
    let host = aws.put_user(HOST_USER, Policy::none());
    aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    aws.put_secret(Secret::text(SECRET, "swordfish"));
    let session = assume_role(&aws, &host, ROLE, None).await.unwrap();
    get_secret_text(&aws, &session, "prod/hub").await.unwrap();
    get_secret_text(&aws, &host, SECRET).await.unwrap_err();

    let calls = aws.calls();
    let entries: Vec<_> = calls
        .iter()
        .map(|call| {
            let principal = call.principal.as_deref().unwrap_or("nobody");
            let target = call.target.as_deref().unwrap_or("nothing");
            (call.service, call.operation.as_str(), principal, target, call.error)
        })
        .collect();
    let session_arn = "arn:aws:sts::111122223333:assumed-role/web/taskpull";
    assert_eq!(
        entries,
        [
            ("sts", "AssumeRole", HOST_USER, ROLE, None),
            ("secretsmanager", "GetSecretValue", session_arn, "prod/hub", None),
            ("secretsmanager", "GetSecretValue", HOST_USER, SECRET, Some("AccessDeniedException")),
        ]
    );
    assert_eq!(aws.call_count("GetSecretValue"), 2);
    for call in calls {
        assert_eq!(call.region.as_deref(), Some("eu-west-1"));
        assert!(call.signed_at.is_some_and(|time| time.len() == 16 && time.ends_with('Z')));
    }
}

#[test]
fn environment_has_the_variables_a_program_needs() {
    let aws = FakeAws::start();
    aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::none());
    let session = aws.open_session(ROLE, "i-0abc");
    let names = |key: &AccessKey| aws.environment(key).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert!(names(&session).contains(&"AWS_SESSION_TOKEN"));
    let user = names(&aws.put_user(HOST_USER, Policy::none()));
    assert!(user.contains(&"AWS_ENDPOINT_URL") && !user.contains(&"AWS_SESSION_TOKEN"));
}
