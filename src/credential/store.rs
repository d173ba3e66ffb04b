//! The source of secrets and tokens, as traits, so that the caches run against AWS and against
//! fakes.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::cache::SecretHome;
use crate::aws::{
    AwsClient, AwsError, Ciphertext, DecryptedBytes, HostRegion, RegistryToken, SecretVersion, TokenScope,
};
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

    /// Where the identity finds a secret that is named without an ARN; `None` if that is not known
    /// without a call to AWS.
    fn home(&self, _: &Identity, _: Instant) -> impl Future<Output = Option<SecretHome>> + Send {
        std::future::ready(None)
    }

    /// Who the identity has been for AWS on its last call, as far as that is known.
    fn principal(&self, identity: &Identity) -> Option<String> {
        identity.session_arn()
    }

    /// The host's Region and where it is set; `None` if it is not known without a request.
    fn host_region(&self) -> impl Future<Output = Option<HostRegion>> + Send {
        std::future::ready(None)
    }

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

    async fn home(&self, identity: &Identity, end: Instant) -> Option<SecretHome> {
        let account = identity.role()?.account()?.to_owned();
        Some(SecretHome { account, region: self.region(end).await? })
    }

    async fn host_region(&self) -> Option<HostRegion> {
        Self::host_region(self).await
    }

    fn principal(&self, identity: &Identity) -> Option<String> {
        let principal = Self::principal(self, identity).map(|principal| principal.to_string());
        principal.or_else(|| identity.session_arn())
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
