//! The calls that describe, create and update a secret, as a trait, so that the decisions run
//! against AWS and against a fake.

use std::future::Future;

use crate::aws::{AwsError, CreatedSecret, SecretAdminClient, SecretCreation, SecretMetadata, SecretVersion};
use crate::secret_authoring::new_secret::NewSecret;
use crate::task::Region;

/// Administers one secret in one Region. The real one is [`SecretAdminClient`].
pub trait SecretAdmin: Sync {
    /// The Region of the calls.
    fn region(&self) -> &str;

    /// Reads the metadata; `None` if the secret does not exist.
    ///
    /// # Errors
    /// [`AwsError`], also for a secret that is marked for deletion.
    fn describe(&self) -> impl Future<Output = Result<Option<SecretMetadata>, AwsError>> + Send;

    /// Reads the current version.
    ///
    /// # Errors
    /// [`AwsError`]
    fn read(&self) -> impl Future<Output = Result<SecretVersion, AwsError>> + Send;

    /// Creates the secret without its replicas.
    ///
    /// # Errors
    /// [`AwsError`], which does not repeat the token.
    fn create(&self, secret: &NewSecret) -> impl Future<Output = Result<CreatedSecret, AwsError>> + Send;

    /// Writes the content as a new version and makes it current; returns its id.
    ///
    /// # Errors
    /// [`AwsError`], which does not repeat the token.
    fn put(&self, arn: &str, secret: &NewSecret) -> impl Future<Output = Result<String, AwsError>> + Send;

    /// Starts the replication to more Regions, which continues after the answer.
    ///
    /// # Errors
    /// [`AwsError`]
    fn replicate(&self, arn: &str, regions: &[Region]) -> impl Future<Output = Result<(), AwsError>> + Send;
}

impl SecretAdmin for SecretAdminClient<'_> {
    fn region(&self) -> &str {
        Self::region(self)
    }

    async fn describe(&self) -> Result<Option<SecretMetadata>, AwsError> {
        Self::describe(self).await
    }

    async fn read(&self) -> Result<SecretVersion, AwsError> {
        Self::read(self).await
    }

    async fn create(&self, secret: &NewSecret) -> Result<CreatedSecret, AwsError> {
        let NewSecret { spec, content, .. } = secret;
        let creation = SecretCreation {
            name: &spec.name,
            description: spec.description.as_deref(),
            key: spec.key.as_ref(),
            tags: &spec.tags,
            content,
        };
        Self::create(self, &creation).await.map_err(|error| without_token(error, secret))
    }

    async fn put(&self, arn: &str, secret: &NewSecret) -> Result<String, AwsError> {
        Self::put(self, arn, &secret.content).await.map_err(|error| without_token(error, secret))
    }

    async fn replicate(&self, arn: &str, regions: &[Region]) -> Result<(), AwsError> {
        Self::replicate(self, arn, regions).await
    }
}

/// The service, or a component on the path to it, may quote the request that it rejects.
fn without_token(error: AwsError, secret: &NewSecret) -> AwsError {
    match &error.source {
        Some(message) if secret.token_occurs_in(&message.to_string()) => {
            AwsError { source: Some("the service's message repeats the token and is not shown".into()), ..error }
        }
        _ => error,
    }
}
