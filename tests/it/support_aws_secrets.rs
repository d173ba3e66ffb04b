//! Secrets Manager of `support::aws`: how it finds secrets and selects their versions.

use crate::support::aws::{AccessKey, FakeAws, Policy, Secret};
use crate::support::aws_client::{SdkFailure, get_secret, get_secret_text, secrets_manager_config};
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, OTHER_SECRET, SECRET};

fn reader() -> (FakeAws, AccessKey) {
    let aws = FakeAws::start();
    let key = aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*"));
    (aws, key)
}

fn is_absent(refused: &SdkFailure) -> bool {
    refused.code == "ResourceNotFoundException" && refused.message == "Secrets Manager can't find the specified secret."
}

#[tokio::test]
async fn secret_is_found_by_full_arn_partial_arn_and_name() {
    let (aws, key) = reader();
    aws.put_secret(Secret::text(SECRET, "swordfish"));
    let partial = SECRET.strip_suffix("-Ab12Cd").unwrap();
    for id in [SECRET, partial, "prod/hub"] {
        assert_eq!(get_secret_text(&aws, &key, id).await.unwrap(), "swordfish", "{id}");
    }
}

#[tokio::test]
async fn answer_names_the_secret_its_version_and_its_stages() {
    let (aws, key) = reader();
    aws.put_secret(Secret::text(SECRET, "swordfish"));
    let answer = get_secret(&aws, &key, SECRET).await.unwrap();
    assert_eq!(answer.arn(), Some(SECRET));
    assert_eq!(answer.name(), Some("prod/hub"));
    assert_eq!(answer.version_stages(), ["AWSCURRENT"]);
    assert_eq!(answer.version_id().unwrap().len(), 36);
    assert!(answer.created_date().is_some());
}

#[tokio::test]
async fn secret_in_another_region_is_absent() {
    let (aws, key) = reader();
    let elsewhere = SECRET.replace("eu-west-1", "us-east-1");
    aws.put_secret(Secret::text(&elsewhere, "swordfish"));
    for id in [elsewhere.as_str(), "prod/hub"] {
        assert!(is_absent(&get_secret_text(&aws, &key, id).await.unwrap_err()), "{id}");
    }
}

#[tokio::test]
async fn secret_of_another_account_is_absent_by_name() {
    let (aws, key) = reader();
    aws.put_secret(Secret::text(OTHER_SECRET, "swordfish"));
    assert!(is_absent(&get_secret_text(&aws, &key, "shared/hub").await.unwrap_err()));
}

#[tokio::test]
async fn partial_arn_that_looks_complete_finds_nothing() {
    let (aws, key) = reader();
    let arn = SECRET.replace("prod/hub", "prod-docker");
    aws.put_secret(Secret::text(&arn, "swordfish"));
    let partial = arn.strip_suffix("-Ab12Cd").unwrap();
    assert!(is_absent(&get_secret_text(&aws, &key, partial).await.unwrap_err()));
    assert_eq!(get_secret_text(&aws, &key, "prod-docker").await.unwrap(), "swordfish");
}

#[tokio::test]
async fn binary_secret_is_returned_as_bytes() {
    let (aws, key) = reader();
    aws.put_secret(Secret::binary(SECRET, b"\x00\xff{}"));
    let answer = get_secret(&aws, &key, SECRET).await.unwrap();
    assert_eq!(answer.secret_string(), None);
    assert_eq!(answer.secret_binary().unwrap().as_ref(), b"\x00\xff{}");
}

#[tokio::test]
async fn rotation_moves_the_labels_and_changes_the_version() {
    let (aws, key) = reader();
    aws.put_secret(Secret::text(SECRET, "old").stage("AWSPENDING", "next"));
    let before = get_secret(&aws, &key, SECRET).await.unwrap();
    let rotated = aws.rotate(SECRET, "new");
    let after = get_secret(&aws, &key, SECRET).await.unwrap();
    assert_eq!((before.secret_string(), after.secret_string()), (Some("old"), Some("new")));
    assert_eq!(after.version_id(), Some(rotated.as_str()));

    let config = secrets_manager_config(&aws, &key, "eu-west-1").build();
    let client = aws_sdk_secretsmanager::Client::from_conf(config);
    for (stage, text) in [("AWSPREVIOUS", "old"), ("AWSPENDING", "next")] {
        let answer = client.get_secret_value().secret_id(SECRET).version_stage(stage);
        assert_eq!(answer.send().await.unwrap().secret_string(), Some(text));
    }
    let by_id = client.get_secret_value().secret_id(SECRET);
    let by_id = by_id.version_id(before.version_id().unwrap()).send().await.unwrap();
    assert_eq!(by_id.secret_string(), Some("old"));
    let mismatched = client.get_secret_value().secret_id(SECRET).version_stage("AWSPENDING");
    let mismatched = SdkFailure::from(mismatched.version_id(rotated).send().await.unwrap_err());
    assert_eq!(mismatched.code, "InvalidRequestException");
}

#[tokio::test]
async fn secret_without_a_current_version_is_reported() {
    let (aws, key) = reader();
    aws.put_secret(Secret::text(SECRET, "never labelled").without_current());
    let refused = get_secret_text(&aws, &key, SECRET).await.unwrap_err();
    assert_eq!(refused.code, "ResourceNotFoundException");
    assert_eq!(refused.message, "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT");
}

#[tokio::test]
async fn secret_marked_for_deletion_is_reported() {
    let (aws, key) = reader();
    aws.put_secret(Secret::text(SECRET, "swordfish").marked_for_deletion());
    let refused = get_secret_text(&aws, &key, SECRET).await.unwrap_err();
    assert_eq!(refused.code, "InvalidRequestException");
    assert!(refused.message.contains("marked for deletion"), "{}", refused.message);
}
