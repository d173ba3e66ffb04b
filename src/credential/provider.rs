//! The source of credentials for pulls.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::credential::Credential;
use crate::error::{Failure, Warning};
use crate::plan::PlannedPull;

/// A source of credentials for pulls. The real one is
/// [`CachingCredentialProvider`](super::CachingCredentialProvider).
pub trait CredentialProvider: Send + Sync {
    /// The credential of a pull, from the cache or fetched now.
    fn credential<'a>(&'a self, pull: &'a PlannedPull) -> BoxFuture<'a, Result<Credential, Arc<Failure>>>;

    /// Why a credential that was provided earlier must not be sent any more: the registry has
    /// refused it to another pull, and AWS does not answer whether there is a newer one.
    fn quarantine_reason(&self, pull: &PlannedPull, credential: &Credential) -> Option<Arc<Failure>>;

    /// A newer credential for a pull whose registry refused the present one, which was sent at
    /// `sent_at`. Values that were cached before that are bypassed. `None` if the credential has not
    /// changed, so that a retry cannot help.
    fn refresh_after_refusal<'a>(
        &'a self,
        pull: &'a PlannedPull,
        refused: &'a Credential,
        sent_at: Instant,
    ) -> BoxFuture<'a, Result<Option<Credential>, Arc<Failure>>>;

    /// What the provider has learned about the host and its way to AWS that its user should know.
    fn warnings(&self) -> Vec<Warning> {
        Vec::new()
    }
}
