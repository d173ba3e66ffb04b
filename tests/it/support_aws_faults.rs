//! Faults of `support::aws`, as the real SDK experiences them.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::error::SdkError;

use crate::support::aws::{AccessKey, AwsFault, FakeAws, Policy, Secret};
use crate::support::aws_client::{fast_retries, get_secret_text, secrets_manager_config};
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, SECRET};

const OPERATION: &str = "GetSecretValue";

fn reader() -> (FakeAws, AccessKey) {
    let aws = FakeAws::start();
    let key = aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*"));
    aws.put_secret(Secret::text(SECRET, "swordfish"));
    (aws, key)
}

#[tokio::test]
async fn fault_affects_exactly_the_selected_calls() {
    for (when, pattern) in
        [(Calls::Every, "xxxx"), (Calls::Nth(2), ".x.."), (Calls::First(2), "xx.."), (Calls::From(3), "..xx")]
    {
        let (aws, key) = reader();
        aws.inject_fault(OPERATION, when, AwsFault::Throttle);
        for (index, expected) in pattern.chars().enumerate() {
            let is_faulty = get_secret_text(&aws, &key, SECRET).await.is_err();
            assert_eq!(is_faulty, expected == 'x', "{when:?}, call {}", index + 1);
        }
    }
}

#[tokio::test]
async fn sdk_retries_throttled_and_failed_calls() {
    for fault in [AwsFault::Throttle, AwsFault::Status(500), AwsFault::Status(503), AwsFault::Reset] {
        let (aws, key) = reader();
        aws.inject_fault(OPERATION, Calls::First(2), fault);
        let config = secrets_manager_config(&aws, &key, "eu-west-1").retry_config(fast_retries());
        let answer = Client::from_conf(config.build()).get_secret_value().secret_id(SECRET);
        assert_eq!(answer.send().await.unwrap().secret_string(), Some("swordfish"));
        assert_eq!(aws.call_count(OPERATION), 3);
        let errors: Vec<_> = aws.calls().into_iter().map(|call| call.error).collect();
        assert_eq!(errors, [Some("fault"), Some("fault"), None]);
    }
}

#[tokio::test]
async fn faults_use_the_error_codes_of_the_service() {
    for (fault, code) in [
        (AwsFault::Throttle, "ThrottlingException"),
        (AwsFault::Status(500), "InternalServiceError"),
        (AwsFault::Status(503), "ServiceUnavailable"),
    ] {
        let (aws, key) = reader();
        aws.inject_fault(OPERATION, Calls::Every, fault);
        assert_eq!(get_secret_text(&aws, &key, SECRET).await.unwrap_err().code, code);
    }
}

#[tokio::test]
async fn hanging_call_ends_at_the_client_timeout() {
    let (aws, key) = reader();
    aws.inject_fault(OPERATION, Calls::Every, AwsFault::Hang);
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_millis(50)).build();
    let config = secrets_manager_config(&aws, &key, "eu-west-1").timeout_config(timeouts).build();
    let call = Client::from_conf(config).get_secret_value().secret_id(SECRET).send().await;
    assert!(matches!(call, Err(SdkError::TimeoutError(_))), "{call:?}");
}

#[tokio::test]
async fn reset_connection_is_a_dispatch_failure() {
    let (aws, key) = reader();
    aws.inject_fault(OPERATION, Calls::Every, AwsFault::Reset);
    let config = secrets_manager_config(&aws, &key, "eu-west-1").build();
    let call = Client::from_conf(config).get_secret_value().secret_id(SECRET).send().await;
    assert!(matches!(call, Err(SdkError::DispatchFailure(_))), "{call:?}");
}

#[tokio::test]
async fn garbage_body_is_a_service_error_without_a_code() {
    let (aws, key) = reader();
    aws.inject_fault(OPERATION, Calls::Every, AwsFault::Garbage);
    let config = secrets_manager_config(&aws, &key, "eu-west-1").build();
    let call = Client::from_conf(config).get_secret_value().secret_id(SECRET).send().await;
    // The SDK reports a service error with status 200 and no code.
    let Err(SdkError::ServiceError(error)) = call else { panic!("{call:?}") };
    assert_eq!((error.raw().status().as_u16(), error.err().meta().code()), (200, None));
}

#[tokio::test]
async fn slow_answer_still_arrives() {
    let (aws, key) = reader();
    aws.inject_fault(OPERATION, Calls::Every, AwsFault::Slow(Duration::from_millis(5)));
    assert_eq!(get_secret_text(&aws, &key, SECRET).await.unwrap(), "swordfish");
}

#[tokio::test]
async fn held_answer_arrives_when_the_gate_opens() {
    let (aws, key) = reader();
    let gate = Gate::closed();
    aws.inject_fault(OPERATION, Calls::Every, AwsFault::Hold(gate.clone()));
    let (answer, ()) = tokio::join!(get_secret_text(&aws, &key, SECRET), async {
        gate.wait_for_arrivals(1).await;
        gate.open();
    });
    assert_eq!(answer.unwrap(), "swordfish");
}

#[tokio::test]
async fn latest_matching_fault_wins_and_counts_calls_from_its_registration() {
    let (aws, key) = reader();
    get_secret_text(&aws, &key, SECRET).await.unwrap();
    aws.inject_fault(OPERATION, Calls::First(2), AwsFault::Throttle);
    aws.inject_fault(OPERATION, Calls::Nth(2), AwsFault::Status(503));
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(get_secret_text(&aws, &key, SECRET).await.map_err(|refused| refused.code));
    }
    let fault = |code: &str| Err(code.to_owned());
    assert_eq!(codes, [fault("ThrottlingException"), fault("ServiceUnavailable"), Ok("swordfish".to_owned())]);
}
