//! Credentials: each need of a plan resolved once, as the identity that may ask.
//!
//! [`authorize`] turns a [`PullPlan`] into an [`AuthorizedPlan`]: every pull beside the
//! promise of its credential. Equal needs share one opening, so that a secret is read
//! and decrypted once however many images want it (A20, N3), and each image finds its own
//! login in it; different ones are read concurrently; and no pull waits for a credential
//! that is not its own.

pub mod aws;
mod content;
mod key_error;
mod seal;
mod secret_error;

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, Shared};
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use content::{AccessTokens, ContentError, ContentFault, Envelope, Sealed};
pub use key_error::{KeyAction, KeyError, KeyFault};
pub use seal::{Binding, PLAINTEXT_LIMIT, Plaintext, SealError};
pub use secret_error::{SecretError, SecretFault};

use content::Held;

use crate::error::{Failure, Printable};
use crate::identity::Identity;
use crate::plan::{Need, PlannedPull, PlannedTask, PullPlan};
use crate::secret::{Secret, SecretBytes};
use crate::task::{CredentialsParameter, ImageReference, SecretArn};

/// Secrets read at the same time. Secrets Manager allows thousands a second; this bounds
/// our own sockets.
const READS_AT_ONCE: usize = 16;

/// Where secrets come from. The real one is [`aws::Aws`].
pub trait SecretStore: Send + Sync + 'static {
    /// Reads a version of a secret as `identity`, within the store's deadline: the current
    /// one, or the one of the stage that the store was told.
    ///
    /// # Errors
    /// [`SecretError`], with everything the store knows about the refusal.
    fn read(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
    ) -> impl Future<Output = Result<SecretVersion, SecretError>> + Send;

    /// Decrypts what `version` of the secret holds, as `identity`, in the key's Region; by
    /// the version's own deadline.
    ///
    /// # Errors
    /// [`KeyError`] or [`SecretError`] as a [`Failure`].
    fn decrypt(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
        version: &SecretVersion,
        sealed: &Sealed,
    ) -> impl Future<Output = Result<SecretBytes, Failure>> + Send;
}

/// One version of a secret.
#[derive(Clone, Debug)]
pub struct SecretVersion {
    /// The secret's full ARN, as the service answers it.
    pub arn: String,
    /// The version's id.
    pub version_id: String,
    /// The staging label that was asked for, unless it was `AWSCURRENT`.
    pub stage: Option<String>,
    /// When the time for this secret is over, its decryption included.
    pub deadline: Instant,
    /// What it holds.
    pub value: SecretValue,
}

/// What a secret holds.
#[derive(Clone, Debug)]
pub enum SecretValue {
    /// `SecretString`.
    Text(Secret),
    /// `SecretBinary`.
    Binary(SecretBytes),
}

/// What is shown to a registry, and who gave it.
#[derive(Clone, Debug)]
pub struct Credential {
    /// What is shown.
    pub login: Login,
    /// Where it came from; names only, never a value.
    pub origin: Origin,
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

/// Where a credential came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// No credential was needed.
    Anonymous,
    /// A secret in Secrets Manager.
    Secret {
        /// Its full ARN, as the service answered it.
        arn: Printable,
        /// The version that was read.
        version_id: Printable,
        /// Its owner's account.
        account: Option<String>,
        /// Its Region.
        region: Option<String>,
        /// The staging label that was asked for, unless it was `AWSCURRENT`.
        stage: Option<Printable>,
        /// What is odd about its content.
        notes: Vec<Printable>,
        /// Who read it.
        identity: Identity,
    },
}

/// The promise of a credential; clones share one resolution.
pub type Promise = Shared<BoxFuture<'static, Result<Arc<Credential>, Arc<Failure>>>>;

/// A plan whose every pull knows how it gets its credential.
pub struct AuthorizedPlan {
    /// The tasks, for the report.
    pub tasks: Vec<PlannedTask>,
    /// The pulls, each with its promise, in the plan's order.
    pub pulls: Vec<(PlannedPull, Promise)>,
}

/// A secret that was read and, where it was sealed, decrypted: the same for every image.
struct Opened {
    identity: Identity,
    version: SecretVersion,
    text: Secret,
}

/// The promise of a secret; equal needs share one, and each image finds its own login in it.
type Opening = Shared<BoxFuture<'static, Result<Option<Arc<Opened>>, Arc<Failure>>>>;

/// Gives every pull of the plan the promise of its credential. Nothing is asked before
/// the first promise is awaited.
pub fn authorize<S: SecretStore>(plan: PullPlan, store: &Arc<S>, tokens: AccessTokens) -> AuthorizedPlan {
    let mut openings: HashMap<Need, Opening> = HashMap::new();
    let reads = Arc::new(Semaphore::new(READS_AT_ONCE));
    let pulls = plan
        .pulls
        .into_iter()
        .map(|pull| {
            let opening = openings.entry(pull.need.clone()).or_insert_with_key(|need| {
                let (need, store, reads) = (need.clone(), Arc::clone(store), Arc::clone(&reads));
                async move { open(need, &*store, &reads).await.map(|opened| opened.map(Arc::new)).map_err(Arc::new) }
                    .boxed()
                    .shared()
            });
            let (opening, image) = (opening.clone(), pull.image.clone());
            let promise = async move {
                let credential = credential(opening.await?.as_deref(), &image, tokens);
                credential.map(Arc::new).map_err(Arc::new)
            };
            (pull, promise.boxed().shared())
        })
        .collect();
    AuthorizedPlan { tasks: plan.tasks, pulls }
}

/// Reads a secret and takes its seal off, within one deadline for both.
async fn open<S: SecretStore>(need: Need, store: &S, reads: &Semaphore) -> Result<Option<Opened>, Failure> {
    let Need::Secret { parameter, execution_role } = need else { return Ok(None) };
    let identity = Identity::of_task(execution_role);
    // The semaphore is never closed, so an error here cannot happen; were it to, reading
    // without a permit would still be right.
    let _permit = reads.acquire().await.ok();
    tracing::debug!(secret = %parameter, identity = identity.name(), "reading the secret");
    let asked = async {
        let version = store.read(&identity, &parameter).await.map_err(|error| Failure::from(&error))?;
        tracing::debug!(arn = version.arn, version = version.version_id, "read");
        let text = unsealed(store, &identity, &parameter, &version).await?;
        Ok(Opened { identity: identity.clone(), version, text })
    };
    // A panic in a library must cost this secret only, not the other pulls.
    match AssertUnwindSafe(asked).catch_unwind().await {
        Ok(opened) => opened.map(Some),
        Err(_) => Err(Failure::from(&SecretError::new(&parameter, &identity, SecretFault::Other))),
    }
}

async fn unsealed<S: SecretStore>(
    store: &S,
    identity: &Identity,
    parameter: &CredentialsParameter,
    version: &SecretVersion,
) -> Result<Secret, Failure> {
    match content::held(version).map_err(|error| Failure::from(&error))? {
        Held::Text(text) => Ok(text.clone()),
        Held::Sealed(sealed) => {
            tracing::debug!(arn = version.arn, "decrypting");
            let plaintext = store.decrypt(identity, parameter, version, &sealed).await?;
            content::unsealed(version, &plaintext).map_err(|error| Failure::from(&error))
        }
    }
}

/// An image's login in a secret.
fn credential(opened: Option<&Opened>, image: &ImageReference, tokens: AccessTokens) -> Result<Credential, Failure> {
    let Some(Opened { identity, version, text }) = opened else {
        return Ok(Credential { login: Login::Anonymous, origin: Origin::Anonymous });
    };
    let read = content::login(version, text, image, tokens);
    let (login, notes) = read.map_err(|error| Failure::from(&error))?;
    let arn = SecretArn::parse(&version.arn).ok();
    let origin = Origin::Secret {
        arn: Printable::new(&version.arn),
        version_id: Printable::new(&version.version_id),
        account: arn.as_ref().map(|arn| arn.account().to_owned()),
        region: arn.as_ref().map(|arn| arn.region().to_string()),
        stage: version.stage.as_deref().map(Printable::new),
        notes,
        identity: identity.clone(),
    };
    Ok(Credential { login, origin })
}
