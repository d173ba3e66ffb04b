//! Credentials: each need of a plan resolved once, as the identity that may ask.
//!
//! [`authorize`] turns a [`PullPlan`] into an [`AuthorizedPlan`]: every pull beside the
//! promise of its credential. Equal needs share one promise, so that a secret is read
//! once however many images want it (A20, N3); different ones are read concurrently; and
//! no pull waits for a credential that is not its own.

pub mod aws;
mod content;
mod secret_error;

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, Shared};
use tokio::sync::Semaphore;

pub use content::ContentError;
pub use secret_error::{SecretError, SecretFault};

use crate::error::{Failure, Printable};
use crate::identity::Identity;
use crate::plan::{Need, PlannedPull, PlannedTask, PullPlan};
use crate::secret::Secret;
use crate::task::{CredentialsParameter, SecretArn};

/// Secrets read at the same time. Secrets Manager allows thousands a second; this bounds
/// our own sockets.
const READS_AT_ONCE: usize = 16;

/// Where secrets come from. The real one is [`aws::Aws`].
pub trait SecretStore: Send + Sync + 'static {
    /// Reads the current version of a secret as `identity`, within the store's deadline.
    ///
    /// # Errors
    /// [`SecretError`], with everything the store knows about the refusal.
    fn read(
        &self,
        identity: &Identity,
        secret: &CredentialsParameter,
    ) -> impl Future<Output = Result<SecretVersion, SecretError>> + Send;
}

/// One version of a secret.
#[derive(Clone, Debug)]
pub struct SecretVersion {
    /// The secret's full ARN, as the service answers it.
    pub arn: String,
    /// The version's id.
    pub version_id: String,
    /// What it holds.
    pub value: SecretValue,
}

/// What a secret holds.
#[derive(Clone, Debug)]
pub enum SecretValue {
    /// `SecretString`.
    Text(Secret),
    /// `SecretBinary`; the bytes are of no use yet and are not kept.
    Binary,
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

/// Gives every pull of the plan the promise of its credential. Nothing is asked before
/// the first promise is awaited.
pub fn authorize<S: SecretStore>(plan: PullPlan, store: &Arc<S>) -> AuthorizedPlan {
    let mut promises: HashMap<Need, Promise> = HashMap::new();
    let reads = Arc::new(Semaphore::new(READS_AT_ONCE));
    let pulls = plan
        .pulls
        .into_iter()
        .map(|pull| {
            let promise = promises.entry(pull.need.clone()).or_insert_with_key(|need| {
                let (need, store, reads) = (need.clone(), Arc::clone(store), Arc::clone(&reads));
                async move { resolve(need, &*store, &reads).await.map(Arc::new).map_err(Arc::new) }.boxed().shared()
            });
            let promise = promise.clone();
            (pull, promise)
        })
        .collect();
    AuthorizedPlan { tasks: plan.tasks, pulls }
}

async fn resolve<S: SecretStore>(need: Need, store: &S, reads: &Semaphore) -> Result<Credential, Failure> {
    let Need::Secret { parameter, identity } = need else {
        return Ok(Credential { login: Login::Anonymous, origin: Origin::Anonymous });
    };
    // The semaphore is never closed, so an error here cannot happen; were it to, reading
    // without a permit would still be right.
    let _permit = reads.acquire().await.ok();
    tracing::debug!(secret = %parameter, identity = identity.name(), "reading the secret");
    // A panic in a library must cost this secret only, not the other pulls.
    let read = AssertUnwindSafe(store.read(&identity, &parameter)).catch_unwind().await;
    let version = match read {
        Ok(read) => read.map_err(|error| Failure::from(&error))?,
        Err(_) => return Err(Failure::from(&SecretError::new(&parameter, &identity, SecretFault::Other))),
    };
    tracing::debug!(arn = version.arn, version = version.version_id, "read");
    let login = content::login(&version).map_err(|error| Failure::from(&error))?;
    let arn = SecretArn::parse(&version.arn).ok();
    let origin = Origin::Secret {
        arn: Printable::new(&version.arn),
        version_id: Printable::new(&version.version_id),
        account: arn.as_ref().map(|arn| arn.account().to_owned()),
        region: arn.as_ref().map(|arn| arn.region().to_string()),
        identity,
    };
    Ok(Credential { login, origin })
}
