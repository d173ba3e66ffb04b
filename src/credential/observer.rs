//! The observer of credentials: names and numbers, never a value.

use std::time::Duration;

use crate::aws::CallObserver;

/// A component that is informed of AWS calls and of every secret or token that a pull gets. Its
/// methods must not block.
pub trait CredentialObserver: CallObserver {
    /// A pull has got a secret or a token.
    fn credential_served(&self, _: &CredentialServed) {}
}

/// No observer.
impl CredentialObserver for () {}

/// A secret or a token that a pull has got.
#[derive(Clone, Copy, Debug)]
pub struct CredentialServed {
    /// Whether it is a secret or a token.
    pub kind: CredentialKind,
    /// Where it came from.
    pub source: LookupSource,
    /// The time since AWS returned it.
    pub age: Duration,
}

/// What a cache of credentials contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A secret of Secrets Manager.
    Secret,
    /// A token of ECR or ECR Public.
    Token,
}

/// Where a served value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupSource {
    /// AWS returned it for this request.
    Fetch,
    /// The cache returned it.
    Cache,
    /// The cache, past its expiry, because AWS is unavailable.
    StaleCache,
}
