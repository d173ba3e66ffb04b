//! Credentials: each need of a plan resolved once, as the identity that may ask.
//!
//! An [`AuthorizedPlan`] is a plan whose pulls know where to get their credentials, when
//! they need them: from a [`Resolver`], which reads and decrypts a secret once however many
//! images want it (A20, N3), different ones concurrently, and once more when a registry
//! refuses (A21). Each image finds its own login in it. No pull waits for a credential that
//! is not its own.

mod aws_store;
mod cache;
pub(crate) mod content;
pub mod host_logins;
mod observer;
mod provenance;
pub(crate) mod scope;
mod store;

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

pub use cache::{CacheConfig, CachingCredentialProvider};
pub use content::{ContentError, ContentFault, EntryFault, Envelope};
pub use observer::{CredentialKind, CredentialObserver, CredentialServed, ServedFrom};
pub use provenance::{Provenance, SecretNames};
pub use store::{SecretStore, TokenStore};

use crate::aws::{AwsRequest, RegistryToken};
use crate::config::AccessTokens;
use crate::error::{Failure, Printable};
use crate::identity::Identity;
use crate::plan::{EcrRegistry, PlannedPull, PlannedTask, PullPlan};
use crate::secret::Secret;
use crate::task::ImageReference;
use cache::{CachedSecret, CachedToken};

/// What is shown to a registry, and who gave it.
#[derive(Clone, Debug)]
pub struct Credential {
    /// What is shown.
    pub login: Login,
    /// Where it came from; names only, never a value.
    pub origin: Provenance,
    /// What it was made of, to be compared after a refusal.
    held: Option<CredentialSource>,
}

/// What a credential was made of.
#[derive(Clone, Debug)]
enum CredentialSource {
    Secret(Arc<CachedSecret>),
    Token(Arc<CachedToken>),
}

/// What is shown to a registry.
#[derive(Clone, Debug)]
pub enum Login {
    /// Nothing.
    Anonymous,
    /// A user name and a password.
    Password {
        /// The user name. Some registries take a token here, so it is as secret as the rest.
        username: Secret,
        /// The password.
        password: Secret,
    },
    /// A token that the registry's token service exchanges for access (OAuth 2's refresh
    /// token), in place of a password.
    IdentityToken(Secret),
}

impl Login {
    /// The login in a credential helper's answer, where one user name says that the secret is
    /// an identity token.
    fn of_helper(username: Secret, secret: Secret) -> Self {
        #[expect(clippy::disallowed_methods, reason = "compared with a word that is no secret")]
        let is_token = username.expose() == "<token>";
        if is_token { Self::IdentityToken(secret) } else { Self::Password { username, password: secret } }
    }
}

/// Where pulls get their credentials. The real one is a [`Resolver`].
pub trait CredentialProvider: Send + Sync {
    /// The credential of a pull, as it is known now.
    fn credential<'a>(&'a self, pull: &'a PlannedPull) -> BoxFuture<'a, Result<Credential, Arc<Failure>>>;

    /// Why this credential of a pull, which was had a while ago, may not be shown any more:
    /// another pull's registry refused it meanwhile, and whether there is a newer one is not known.
    fn quarantine_reason(&self, pull: &PlannedPull, had: &Credential) -> Option<Arc<Failure>>;

    /// The credential of a pull whose present one a registry refused, having been shown it at
    /// `shown`: asked for again, past anything kept before that. `None` when it is the same, so
    /// that trying again cannot help.
    fn refresh_after_refusal<'a>(
        &'a self,
        pull: &'a PlannedPull,
        refused: &'a Credential,
        shown: Instant,
    ) -> BoxFuture<'a, Result<Option<Credential>, Arc<Failure>>>;
}

/// A plan whose pulls know where to get their credentials.
pub struct AuthorizedPlan<'a> {
    /// The tasks, for the report.
    pub tasks: Vec<PlannedTask>,
    /// The pulls, in the plan's order.
    pub pulls: Vec<PlannedPull>,
    /// Where each gets its credential, when it needs it.
    pub credentials: &'a dyn CredentialProvider,
}

impl<'a> AuthorizedPlan<'a> {
    /// Nothing is asked before the first pull needs its credential.
    pub fn new(plan: PullPlan, credentials: &'a dyn CredentialProvider) -> Self {
        Self { tasks: plan.tasks, pulls: plan.pulls, credentials }
    }
}

impl Credential {
    /// No credential, for an image that needs none.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { login: Login::Anonymous, origin: Provenance::Anonymous, held: None }
    }

    /// The login that a secret holds for an image.
    fn of_secret(
        held: Arc<CachedSecret>,
        identity: Identity,
        image: &ImageReference,
        tokens: AccessTokens,
    ) -> Result<Self, Arc<Failure>> {
        let read = content::login(&held.version, &held.text, image, tokens);
        let (login, notes) = read.map_err(|error| Arc::new(Failure::from(error)))?;
        let origin = Provenance::Secret { names: Arc::clone(&held.names), notes, identity, stale: held.stale() };
        Ok(Self { login, origin, held: Some(CredentialSource::Secret(held)) })
    }

    /// A token, as it is shown to this registry.
    fn of_ecr(held: Arc<CachedToken>, registry: &EcrRegistry, identity: &Identity) -> Self {
        let (registry, identity) = (registry.clone(), identity.clone());
        Self::of_token(held, |expires, requests| Provenance::Ecr { registry, identity, expires, requests })
    }

    /// A token of ECR Public.
    fn of_ecr_public(held: Arc<CachedToken>, identity: &Identity) -> Self {
        let identity = identity.clone();
        Self::of_token(held, |expires, requests| Provenance::EcrPublic { identity, expires, without: None, requests })
    }

    fn of_token(
        held: Arc<CachedToken>,
        origin: impl FnOnce(Option<SystemTime>, Vec<AwsRequest>) -> Provenance,
    ) -> Self {
        let RegistryToken { username, password, expires, requests } = held.token.clone();
        let login = Login::Password { username, password };
        Self { login, origin: origin(expires, requests), held: Some(CredentialSource::Token(held)) }
    }

    /// A pull from ECR Public by somebody who could have no token: what is there is for everybody.
    fn without_token(identity: Identity, why: Printable) -> Self {
        let origin = Provenance::EcrPublic { identity, expires: None, without: Some(why), requests: Vec::new() };
        Self { login: Login::Anonymous, origin, held: None }
    }
}
