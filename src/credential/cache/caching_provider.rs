//! Provides the credential that the need of an image specifies.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::time::Instant;

use super::{
    boot_clock::BootClock, cache_config::CacheConfig, cached_secret::SecretCacheKey, secret_provider::ProvidedSecret,
    secret_provider::SecretProvider, token_cache::TokenCacheKey, token_provider::TokenProvider,
};
use crate::aws::{HostRegion, TokenScope};
use crate::config::AccessTokens;
use crate::credential::{
    credential::Credential, credential::CredentialSource, host_logins::HostLoginProvider, host_logins::HostLogins,
    observer::CredentialObserver, provider::CredentialProvider, store::SecretStore, store::TokenStore,
};
use crate::error::{Failure, Warning};
use crate::plan::{Need, PlannedPull};

/// The [`CredentialProvider`] of the program, with caches of secrets and ECR tokens.
pub struct CachingCredentialProvider<S> {
    secrets: SecretProvider<S>,
    tokens: TokenProvider<S>,
    host_logins: HostLoginProvider,
    access_tokens: AccessTokens,
}

impl<S: SecretStore + TokenStore> CachingCredentialProvider<S> {
    /// A provider with empty caches. `access_tokens` states whether a secret in the format of the
    /// pull-through cache is a login; `observer` is informed of every credential that is provided.
    #[must_use]
    pub fn new(
        store: Arc<S>,
        config: CacheConfig,
        access_tokens: AccessTokens,
        host_logins: Arc<HostLogins>,
        observer: Arc<dyn CredentialObserver>,
    ) -> Self {
        let clock = BootClock::default();
        let timeout = store.deadline();
        Self {
            secrets: SecretProvider::new(Arc::clone(&store), config, clock.clone(), Arc::clone(&observer)),
            tokens: TokenProvider::new(store, timeout, config, clock, observer),
            host_logins: HostLoginProvider::new(host_logins),
            access_tokens,
        }
    }

    /// The host's Region and where it is set, as far as that is known without a request.
    pub async fn host_region(&self) -> Option<HostRegion> {
        self.secrets.host_region().await
    }

    async fn provide(&self, pull: &PlannedPull) -> Result<Credential, Arc<Failure>> {
        Ok(self.with_principal(pull, self.find(pull).await?))
    }

    /// Adds who the identity was for AWS.
    fn with_principal(&self, PlannedPull { need, .. }: &PlannedPull, mut credential: Credential) -> Credential {
        if let Need::Secret { identity, .. } | Need::Ecr { identity, .. } | Need::EcrPublic { identity } = need {
            credential.provenance.set_principal(self.secrets.principal(identity));
        }
        credential
    }

    async fn find(&self, PlannedPull { image, need, .. }: &PlannedPull) -> Result<Credential, Arc<Failure>> {
        match need {
            Need::Anonymous => Ok(Credential::anonymous()),
            Need::HostLogin(name) => self.host_logins.credential(name).await,
            Need::Secret { parameter, identity } => {
                let key = SecretCacheKey { identity: identity.clone(), parameter: parameter.clone() };
                let ProvidedSecret { secret, stale } = self.secrets.get(&key).await?;
                Credential::from_secret(secret, stale, identity, image, self.access_tokens)
            }
            Need::Ecr { registry, identity } => {
                let key = TokenCacheKey { identity: identity.clone(), scope: TokenScope::from(registry) };
                Ok(Credential::from_ecr_token(self.tokens.get(&key).await?, registry, identity))
            }
            Need::EcrPublic { identity } => {
                let key = TokenCacheKey { identity: identity.clone(), scope: TokenScope::EcrPublic };
                Ok(match self.tokens.get(&key).await {
                    Ok(token) => Credential::from_ecr_public_token(token, identity),
                    Err(failure) => {
                        tracing::warn!(error = %failure.message, "no token for ECR Public; pulling anonymously");
                        Credential::without_ecr_public_token(identity, failure.message.clone())
                    }
                })
            }
        }
    }

    async fn refresh(
        &self,
        PlannedPull { image, need, .. }: &PlannedPull,
        refused: &Credential,
        sent_at: Instant,
    ) -> Result<Option<Credential>, Arc<Failure>> {
        match (need, &refused.source) {
            (Need::Secret { parameter, identity }, Some(CredentialSource::Secret(refused))) => {
                let key = SecretCacheKey { identity: identity.clone(), parameter: parameter.clone() };
                let newer = self.secrets.refresh_after_refusal(&key, image, refused, sent_at).await?;
                let credential = |ProvidedSecret { secret, stale }| {
                    Credential::from_secret(secret, stale, identity, image, self.access_tokens)
                };
                newer.map(credential).transpose()
            }
            (Need::Ecr { registry, identity }, Some(CredentialSource::Token(refused))) => {
                let key = TokenCacheKey { identity: identity.clone(), scope: TokenScope::from(registry) };
                let newer = self.tokens.refresh_after_refusal(&key, refused).await?;
                Ok(newer.map(|token| Credential::from_ecr_token(token, registry, identity)))
            }
            (Need::EcrPublic { identity }, Some(CredentialSource::Token(refused))) => {
                let key = TokenCacheKey { identity: identity.clone(), scope: TokenScope::EcrPublic };
                let newer = self.tokens.refresh_after_refusal(&key, refused).await?;
                Ok(newer.map(|token| Credential::from_ecr_public_token(token, identity)))
            }
            _ => Ok(None),
        }
    }
}

impl<S: SecretStore + TokenStore> CredentialProvider for CachingCredentialProvider<S> {
    fn credential<'a>(&'a self, pull: &'a PlannedPull) -> BoxFuture<'a, Result<Credential, Arc<Failure>>> {
        self.provide(pull).boxed()
    }

    fn quarantine_reason(&self, pull: &PlannedPull, credential: &Credential) -> Option<Arc<Failure>> {
        let (Need::Secret { parameter, identity }, Some(CredentialSource::Secret(secret))) =
            (&pull.need, &credential.source)
        else {
            return None;
        };
        let key = SecretCacheKey { identity: identity.clone(), parameter: parameter.clone() };
        self.secrets.quarantine_reason(&key, &pull.image, secret)
    }

    fn refresh_after_refusal<'a>(
        &'a self,
        pull: &'a PlannedPull,
        refused: &'a Credential,
        sent_at: Instant,
    ) -> BoxFuture<'a, Result<Option<Credential>, Arc<Failure>>> {
        let newer = self.refresh(pull, refused, sent_at);
        async move { Ok(newer.await?.map(|credential| self.with_principal(pull, credential))) }.boxed()
    }

    fn warnings(&self) -> Vec<Warning> {
        self.secrets.warnings()
    }
}
