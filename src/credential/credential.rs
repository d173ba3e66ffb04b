//! A credential: a login and its provenance.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{
    cache::CachedSecret, cache::CachedToken, content, content::ParsedLogin, login::Login, provenance::Provenance,
};
use crate::aws::{AwsRequest, RegistryToken};
use crate::config::AccessTokens;
use crate::error::{Failure, Printable};
use crate::identity::Identity;
use crate::plan::{EcrRegistry, HostLogin};
use crate::task::ImageReference;

/// A login with the record of where it came from.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The login that is sent to the registry.
    pub login: Login,
    /// Where the login came from; names only, never a value.
    pub provenance: Provenance,
    /// The cached value behind the login, to which a newer one is compared after a refusal.
    pub(in crate::credential) source: Option<CredentialSource>,
}

/// The cached value behind a credential.
#[derive(Clone, Debug)]
pub(in crate::credential) enum CredentialSource {
    Secret(Arc<CachedSecret>),
    Token(Arc<CachedToken>),
}

impl Credential {
    /// No login, for an image that needs none.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { login: Login::Anonymous, provenance: Provenance::Anonymous, source: None }
    }

    /// The login that a secret contains for an image. `stale` is the age of a secret that is used
    /// only because AWS is unavailable.
    pub(in crate::credential) fn from_secret(
        secret: Arc<CachedSecret>,
        stale: Option<Duration>,
        identity: &Identity,
        image: &ImageReference,
        access_tokens: AccessTokens,
    ) -> Result<Self, Arc<Failure>> {
        let parsed = content::parse_login(&secret.version, &secret.text, image, access_tokens);
        let ParsedLogin { login, warnings } = parsed.map_err(|error| Arc::new(error.into()))?;
        let (names, identity) = (Arc::clone(&secret.names), identity.clone());
        let provenance = Provenance::Secret { names, warnings, identity, principal: None, stale };
        Ok(Self { login, provenance, source: Some(CredentialSource::Secret(secret)) })
    }

    /// A token for a private ECR registry.
    pub(in crate::credential) fn from_ecr_token(
        token: Arc<CachedToken>,
        registry: &EcrRegistry,
        identity: &Identity,
    ) -> Self {
        let (registry, identity) = (registry.clone(), identity.clone());
        Self::from_token(token, |expires, requests| Provenance::Ecr {
            registry,
            identity,
            principal: None,
            expires,
            requests,
        })
    }

    /// A token for ECR Public.
    pub(in crate::credential) fn from_ecr_public_token(token: Arc<CachedToken>, identity: &Identity) -> Self {
        let identity = identity.clone();
        Self::from_token(token, |expires, requests| Provenance::EcrPublic {
            identity,
            principal: None,
            expires,
            no_token_reason: None,
            requests,
        })
    }

    /// What to do if the login is wrong: the command that writes the secret again.
    #[must_use]
    pub fn correction(&self) -> Option<String> {
        let Provenance::Secret { names, .. } = &self.provenance else { return None };
        Some(content::commands::write_login(names.arn.as_str()))
    }

    fn from_token(
        token: Arc<CachedToken>,
        new_provenance: impl FnOnce(Option<SystemTime>, Vec<AwsRequest>) -> Provenance,
    ) -> Self {
        let RegistryToken { username, password, expires, requests } = token.token.clone();
        let login = Login::Password { username, password };
        Self { login, provenance: new_provenance(expires, requests), source: Some(CredentialSource::Token(token)) }
    }

    /// An anonymous pull from ECR Public, whose images are public, by an identity that cannot get a
    /// token.
    pub(in crate::credential) fn without_ecr_public_token(identity: &Identity, reason: Printable) -> Self {
        let identity = identity.clone();
        let provenance = Provenance::EcrPublic {
            identity,
            principal: None,
            expires: None,
            no_token_reason: Some(reason),
            requests: Vec::new(),
        };
        Self { login: Login::Anonymous, provenance, source: None }
    }

    /// A login of the host itself.
    pub(in crate::credential) fn from_host_login(login: Login, name: HostLogin) -> Self {
        Self { login, provenance: Provenance::HostLogin(name), source: None }
    }
}
