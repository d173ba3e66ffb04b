//! Shared by the tests of `support::aws`: accounts, ARNs, and clients of the real SDK.

#![expect(clippy::disallowed_types, reason = "these tests check the answers as the SDK parses them")]

use std::time::Duration;

use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;

use crate::support::aws::{AccessKey, FakeAws};

pub const HOST_USER: &str = "arn:aws:iam::111122223333:user/host";
pub const ACCOUNT_ROOT: &str = "arn:aws:iam::111122223333:root";
pub const ROLE: &str = "arn:aws:iam::111122223333:role/tasks/web";
pub const OTHER_ROLE: &str = "arn:aws:iam::444455556666:role/reader";
pub const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/hub-Ab12Cd";
pub const OTHER_SECRET: &str = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:shared/hub-Zz99Yy";
pub const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub const OTHER_KEY: &str = "arn:aws:kms:eu-west-1:444455556666:key/0987dcba-09fe-87dc-65ba-ab0987654321";
pub const GET_SECRET_VALUE: &str = "secretsmanager:GetSecretValue";

/// The code and message of an error, or `none` when the error did not come from the service.
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

pub fn secrets_manager_config(aws: &FakeAws, key: &AccessKey, region: &str) -> aws_sdk_secretsmanager::config::Builder {
    let credentials = Credentials::new(&key.id, &key.secret, key.token.clone(), None, "test");
    aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(aws.endpoint())
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
}

/// Returns the SDK's standard retries with backoffs of a millisecond.
pub fn fast_retries() -> RetryConfig {
    RetryConfig::standard().with_initial_backoff(Duration::from_millis(1))
}

/// Reads the value of a secret in eu-west-1, without retries.
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

/// Assumes a role without retries, and returns the key of the session.
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
