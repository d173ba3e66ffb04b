//! STS of `support::aws`: which callers may assume a role, and the sessions that they get.

use crate::support::aws::{Aws, Policy, Secret};
use crate::support_aws_client::{ACCOUNT, GET, HOST, ROLE, Refused, SECRET, THEIR_ROLE, assume, get_text, sts};

const ASSUME: &str = "sts:AssumeRole";

fn denied(role: &str) -> Refused {
    Refused {
        code: "AccessDenied".to_owned(),
        message: format!("User: {HOST} is not authorized to perform: sts:AssumeRole on resource: {role}"),
    }
}

#[tokio::test]
async fn role_that_trusts_the_caller_needs_no_identity_policy() {
    let aws = Aws::start();
    let host = aws.user(HOST, Policy::none());
    aws.role(ROLE, Policy::trust(HOST), Policy::allow(GET, SECRET));
    aws.secret(Secret::text(SECRET, "swordfish"));
    let session = assume(&aws, &host, ROLE, None).await.unwrap();
    assert_eq!(get_text(&aws, &session, SECRET).await.unwrap(), "swordfish");
    assert!(get_text(&aws, &host, SECRET).await.is_err());
}

#[tokio::test]
async fn role_that_trusts_the_account_needs_an_identity_policy() {
    let aws = Aws::start();
    aws.role(ROLE, Policy::trust(ACCOUNT), Policy::none());
    let without = aws.user(HOST, Policy::none());
    assert_eq!(assume(&aws, &without, ROLE, None).await.unwrap_err(), denied(ROLE));
    let with = aws.user(HOST, Policy::allow(ASSUME, ROLE));
    assert!(assume(&aws, &with, ROLE, None).await.is_ok());
}

#[tokio::test]
async fn role_of_another_account_needs_trust_and_identity_policy() {
    let aws = Aws::start();
    let identity_policy = || Policy::allow(ASSUME, THEIR_ROLE);
    for (trust, policy, is_allowed) in [
        (Policy::trust(HOST), identity_policy(), true),
        (Policy::trust(ACCOUNT), identity_policy(), true),
        (Policy::trust(HOST), Policy::none(), false),
        (Policy::trust("arn:aws:iam::444455556666:root"), identity_policy(), false),
    ] {
        aws.role(THEIR_ROLE, trust, Policy::none());
        let host = aws.user(HOST, policy);
        let assumed = assume(&aws, &host, THEIR_ROLE, None).await;
        assert_eq!(assumed.is_ok(), is_allowed);
        assert!(is_allowed || assumed.err() == Some(denied(THEIR_ROLE)));
    }
}

#[tokio::test]
async fn external_id_must_match_the_trust_policy() {
    let aws = Aws::start();
    let host = aws.user(HOST, Policy::allow(ASSUME, "*"));
    let trust = Policy::trust(HOST).when("StringEquals", "sts:ExternalId", "blue");
    aws.role(THEIR_ROLE, trust, Policy::none());
    assert!(assume(&aws, &host, THEIR_ROLE, Some("blue")).await.is_ok());
    for wrong in [None, Some("red")] {
        assert_eq!(assume(&aws, &host, THEIR_ROLE, wrong).await.unwrap_err(), denied(THEIR_ROLE));
    }
}

#[tokio::test]
async fn absent_role_is_denied_like_a_forbidden_one() {
    let aws = Aws::start();
    let host = aws.user(HOST, Policy::allow("*", "*"));
    assert_eq!(assume(&aws, &host, ROLE, None).await.unwrap_err(), denied(ROLE));
}

#[tokio::test]
async fn caller_identity_is_the_assumed_role_session() {
    let aws = Aws::start();
    let host = aws.user(HOST, Policy::none());
    aws.role(ROLE, Policy::trust(HOST), Policy::none());
    let session = assume(&aws, &host, ROLE, None).await.unwrap();
    let identity = sts(&aws, &session).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:sts::111122223333:assumed-role/web/taskpull"));
    assert_eq!(identity.account(), Some("111122223333"));
    assert!(identity.user_id().unwrap().ends_with(":taskpull"));
}

#[tokio::test]
async fn session_lasts_for_the_requested_time_up_to_one_hour() {
    let aws = Aws::start();
    let host = aws.user(HOST, Policy::none());
    aws.role(ROLE, Policy::trust(HOST).and(Policy::trust(ROLE)), Policy::none());
    let assume_for = |client: aws_sdk_sts::Client, seconds| {
        let request = client.assume_role().role_arn(ROLE).role_session_name("taskpull");
        request.duration_seconds(seconds).send()
    };
    let before = std::time::SystemTime::now();
    let expires = *assume_for(sts(&aws, &host), 900).await.unwrap().credentials.unwrap().expiration();
    let lifetime = expires.secs() - aws_sdk_sts::primitives::DateTime::from(before).secs();
    assert!((900..910).contains(&lifetime), "{lifetime}");

    let too_long = Refused::from(assume_for(sts(&aws, &host), 7200).await.unwrap_err());
    assert!(too_long.message.contains("MaxSessionDuration"), "{}", too_long.message);
    let session = aws.session(ROLE, "first");
    let chained = Refused::from(assume_for(sts(&aws, &session), 7200).await.unwrap_err());
    assert!(chained.message.contains("role chaining"), "{}", chained.message);
}

#[tokio::test]
async fn expired_session_is_refused_by_each_service() {
    let aws = Aws::start();
    aws.role(ROLE, Policy::trust(HOST), Policy::allow("*", "*"));
    let session = aws.session(ROLE, "i-0abc");
    aws.expire_sessions();
    let secret = get_text(&aws, &session, SECRET).await.unwrap_err();
    assert_eq!(secret.code, "ExpiredTokenException");
    assert_eq!(assume(&aws, &session, ROLE, None).await.unwrap_err().code, "ExpiredToken");
}

#[tokio::test]
#[should_panic(expected = "session policies are not played here")]
async fn unsupported_sts_request_panics() {
    let aws = Aws::start();
    let host = aws.user(HOST, Policy::none());
    let request = sts(&aws, &host).assume_role().role_arn(ROLE).role_session_name("taskpull").policy("{}");
    request.send().await.unwrap_err();
}
