//! Clients of the AWS SDK, for the tests of the fake AWS.

#![expect(clippy::disallowed_types, reason = "the tests inspect the SDK's own types")]

use std::time::Duration;

use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;

use super::aws::{AccessKey, FakeAws};

/// Code and message of a service error; `none` for each that the error lacks.
#[derive(Debug, PartialEq, Eq)]
pub struct SdkFailure {
    pub code: String,
    pub message: String,
}

impl<E: ProvideErrorMetadata, R> From<SdkError<E, R>> for SdkFailure {
    fn from(error: SdkError<E, R>) -> Self {
        let text = |value: Option<&str>| value.unwrap_or("none").to_owned();
        Self { code: text(error.code()), message: text(error.message()) }
    }
}

/// A client configuration without retries, for this key and Region.
pub fn secrets_manager_config(aws: &FakeAws, key: &AccessKey, region: &str) -> aws_sdk_secretsmanager::config::Builder {
    let credentials = Credentials::new(&key.id, &key.secret, key.token.clone(), None, "test");
    aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(aws.endpoint())
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
}

/// The standard retries of the SDK, almost without backoff.
pub fn fast_retries() -> RetryConfig {
    RetryConfig::standard().with_initial_backoff(Duration::from_millis(1))
}

/// Reads a secret's value in eu-west-1, without retries.
pub async fn get_secret(aws: &FakeAws, key: &AccessKey, id: &str) -> Result<GetSecretValueOutput, SdkFailure> {
    let config = secrets_manager_config(aws, key, "eu-west-1").build();
    let client = aws_sdk_secretsmanager::Client::from_conf(config);
    Ok(client.get_secret_value().secret_id(id).send().await?)
}

pub async fn get_secret_text(aws: &FakeAws, key: &AccessKey, id: &str) -> Result<String, SdkFailure> {
    Ok(get_secret(aws, key, id).await?.secret_string.expect("a text"))
}

pub fn sts_client(aws: &FakeAws, key: &AccessKey) -> aws_sdk_sts::Client {
    let credentials = Credentials::new(&key.id, &key.secret, key.token.clone(), None, "test");
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(aws.endpoint())
        .region(Region::new("eu-west-1"))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled());
    aws_sdk_sts::Client::from_conf(config.build())
}

/// Assumes a role, without retries, and returns the key of the session.
pub async fn assume_role(
    aws: &FakeAws,
    key: &AccessKey,
    role: &str,
    external_id: Option<&str>,
) -> Result<AccessKey, SdkFailure> {
    let request = sts_client(aws, key).assume_role().role_arn(role).role_session_name("taskpull");
    let answer = request.set_external_id(external_id.map(str::to_owned)).send().await?;
    let session = answer.credentials.expect("credentials");
    Ok(AccessKey { id: session.access_key_id, secret: session.secret_access_key, token: Some(session.session_token) })
}
