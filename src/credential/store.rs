//! The source of secrets and tokens, as traits, so that the caches run against AWS and against
//! fakes.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::{AwsClient, AwsError, Ciphertext, DecryptedBytes, RegistryToken, SecretVersion, TokenScope};
use crate::error::Warning;
use crate::identity::Identity;
use crate::task::CredentialsParameter;

/// Reads secrets. The real one is [`AwsClient`](crate::aws::AwsClient).
pub trait SecretStore: Send + Sync + 'static {
    /// The longest time for one secret, including its decryption and the wait for a permit.
    fn deadline(&self) -> Duration;

    /// Reads a version of a secret as `identity`, until `end`: the current one, or the one with the
    /// staging label that the store was configured with.
    ///
    /// # Errors
    /// [`AwsError`]
    fn read(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        end: Instant,
    ) -> impl Future<Output = Result<SecretVersion, AwsError>> + Send;

    /// Decrypts the content of `version` as `identity`, in the key's Region, until `end`.
    ///
    /// # Errors
    /// [`AwsError`]
    fn decrypt(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        version: &SecretVersion,
        ciphertext: &Ciphertext,
        end: Instant,
    ) -> impl Future<Output = Result<DecryptedBytes, AwsError>> + Send;

    /// What the calls so far have shown about the host that its user should know.
    fn warnings(&self) -> Vec<Warning> {
        Vec::new()
    }
}

/// Obtains registry tokens. The real one is [`AwsClient`](crate::aws::AwsClient).
pub trait TokenStore: Send + Sync + 'static {
    /// Obtains a new token as `identity`, until `end`.
    ///
    /// # Errors
    /// [`AwsError`]
    fn token(
        &self,
        identity: &Identity,
        scope: &TokenScope,
        end: Instant,
    ) -> impl Future<Output = Result<RegistryToken, AwsError>> + Send;
}

impl SecretStore for AwsClient {
    fn deadline(&self) -> Duration {
        Self::deadline(self)
    }

    async fn read(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        end: Instant,
    ) -> Result<SecretVersion, AwsError> {
        self.get_secret(identity, secret, end).await
    }

    async fn decrypt(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        version: &SecretVersion,
        ciphertext: &Ciphertext,
        end: Instant,
    ) -> Result<DecryptedBytes, AwsError> {
        Self::decrypt(self, identity, secret, version, ciphertext, end).await
    }

    fn warnings(&self) -> Vec<Warning> {
        Self::warnings(self)
    }
}

impl TokenStore for AwsClient {
    async fn token(&self, identity: &Identity, scope: &TokenScope, end: Instant) -> Result<RegistryToken, AwsError> {
        self.registry_token(identity, scope, end).await
    }
}
