//! AWS as the store of secrets and tokens.

use std::time::Duration;

use tokio::time::Instant;

use crate::aws::{AwsClient, AwsError, Ciphertext, DecryptedBytes, RegistryToken, SecretVersion, TokenScope};
use crate::credential::store::{SecretStore, TokenStore};
use crate::identity::Identity;
use crate::task::CredentialsParameter;

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
}

impl TokenStore for AwsClient {
    async fn token(&self, identity: &Identity, scope: &TokenScope, end: Instant) -> Result<RegistryToken, AwsError> {
        self.registry_token(identity, scope, end).await
    }
}
