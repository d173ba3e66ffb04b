//! STS of `support::aws`: which callers may assume a role, and the sessions that they get.

use crate::support::aws::{FakeAws, Policy, Secret};
use crate::support::aws_client::{SdkFailure, assume_role, get_secret_text, sts_client};
use crate::support::names::{ACCOUNT_ROOT, GET_SECRET_VALUE, HOST_USER, OTHER_ROLE, ROLE, SECRET};

const ASSUME: &str = "sts:AssumeRole";

fn denied(role: &str) -> SdkFailure {
    SdkFailure {
        code: "AccessDenied".to_owned(),
        message: format!("User: {HOST_USER} is not authorized to perform: sts:AssumeRole on resource: {role}"),
    }
}

#[tokio::test]
async fn role_that_trusts_the_caller_needs_no_identity_policy() {
    let aws = FakeAws::start();
    let host = aws.put_user(HOST_USER, Policy::none());
    aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, SECRET));
    aws.put_secret(Secret::text(SECRET, "swordfish"));
    let session = assume_role(&aws, &host, ROLE, None).await.unwrap();
    assert_eq!(get_secret_text(&aws, &session, SECRET).await.unwrap(), "swordfish");
    assert!(get_secret_text(&aws, &host, SECRET).await.is_err());
}

#[tokio::test]
async fn role_that_trusts_the_account_needs_an_identity_policy() {
    let aws = FakeAws::start();
    aws.put_role(ROLE, Policy::trust(ACCOUNT_ROOT), Policy::none());
    let without = aws.put_user(HOST_USER, Policy::none());
    assert_eq!(assume_role(&aws, &without, ROLE, None).await.unwrap_err(), denied(ROLE));
    let with = aws.put_user(HOST_USER, Policy::allow(ASSUME, ROLE));
    assert!(assume_role(&aws, &with, ROLE, None).await.is_ok());
}

#[tokio::test]
async fn role_of_another_account_needs_trust_and_identity_policy() {
    let aws = FakeAws::start();
    let identity_policy = || Policy::allow(ASSUME, OTHER_ROLE);
    for (trust, policy, is_allowed) in [
        (Policy::trust(HOST_USER), identity_policy(), true),
        (Policy::trust(ACCOUNT_ROOT), identity_policy(), true),
        (Policy::trust(HOST_USER), Policy::none(), false),
        (Policy::trust("arn:aws:iam::444455556666:root"), identity_policy(), false),
    ] {
        aws.put_role(OTHER_ROLE, trust, Policy::none());
        let host = aws.put_user(HOST_USER, policy);
        let assumed = assume_role(&aws, &host, OTHER_ROLE, None).await;
        assert_eq!(assumed.is_ok(), is_allowed);
        assert!(is_allowed || assumed.err() == Some(denied(OTHER_ROLE)));
    }
}

#[tokio::test]
async fn external_id_must_match_the_trust_policy() {
    let aws = FakeAws::start();
    let host = aws.put_user(HOST_USER, Policy::allow(ASSUME, "*"));
    let trust = Policy::trust(HOST_USER).when("StringEquals", "sts:ExternalId", "blue");
    aws.put_role(OTHER_ROLE, trust, Policy::none());
    assert!(assume_role(&aws, &host, OTHER_ROLE, Some("blue")).await.is_ok());
    for wrong in [None, Some("red")] {
        assert_eq!(assume_role(&aws, &host, OTHER_ROLE, wrong).await.unwrap_err(), denied(OTHER_ROLE));
    }
}

#[tokio::test]
async fn absent_role_is_denied_like_a_forbidden_one() {
    let aws = FakeAws::start();
    let host = aws.put_user(HOST_USER, Policy::allow("*", "*"));
    assert_eq!(assume_role(&aws, &host, ROLE, None).await.unwrap_err(), denied(ROLE));
}

#[tokio::test]
async fn caller_identity_is_the_assumed_role_session() {
    let aws = FakeAws::start();
    let host = aws.put_user(HOST_USER, Policy::none());
    aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::none());
    let session = assume_role(&aws, &host, ROLE, None).await.unwrap();
    let identity = sts_client(&aws, &session).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:sts::111122223333:assumed-role/web/taskpull"));
    assert_eq!(identity.account(), Some("111122223333"));
    assert!(identity.user_id().unwrap().ends_with(":taskpull"));
}

#[tokio::test]
async fn session_lasts_for_the_requested_time_up_to_one_hour() {
    let aws = FakeAws::start();
    let host = aws.put_user(HOST_USER, Policy::none());
    aws.put_role(ROLE, Policy::trust(HOST_USER).and(Policy::trust(ROLE)), Policy::none());
    let assume_for = |client: aws_sdk_sts::Client, seconds| {
        let request = client.assume_role().role_arn(ROLE).role_session_name("taskpull");
        request.duration_seconds(seconds).send()
    };
    let before = std::time::SystemTime::now();
    let expires = *assume_for(sts_client(&aws, &host), 900).await.unwrap().credentials.unwrap().expiration();
    let lifetime = expires.secs() - aws_sdk_sts::primitives::DateTime::from(before).secs();
    assert!((900..910).contains(&lifetime), "{lifetime}");

    let too_long = SdkFailure::from(assume_for(sts_client(&aws, &host), 7200).await.unwrap_err());
    assert!(too_long.message.contains("MaxSessionDuration"), "{}", too_long.message);
    let session = aws.open_session(ROLE, "first");
    let chained = SdkFailure::from(assume_for(sts_client(&aws, &session), 7200).await.unwrap_err());
    assert!(chained.message.contains("role chaining"), "{}", chained.message);
}

#[tokio::test]
async fn expired_session_is_refused_by_each_service() {
    let aws = FakeAws::start();
    aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow("*", "*"));
    let session = aws.open_session(ROLE, "i-0abc");
    aws.expire_sessions();
    let secret = get_secret_text(&aws, &session, SECRET).await.unwrap_err();
    assert_eq!(secret.code, "ExpiredTokenException");
    assert_eq!(assume_role(&aws, &session, ROLE, None).await.unwrap_err().code, "ExpiredToken");
}

#[tokio::test]
#[should_panic(expected = "session policies are not supported")]
async fn unsupported_sts_request_panics() {
    let aws = FakeAws::start();
    let host = aws.put_user(HOST_USER, Policy::none());
    let request = sts_client(&aws, &host).assume_role().role_arn(ROLE).role_session_name("taskpull").policy("{}");
    request.send().await.unwrap_err();
}
