//! The observer of credentials: names and numbers, never a value.

use std::time::Duration;

use crate::aws::CallObserver;

/// A component that is informed of AWS calls and of every secret or token that a pull receives. Its
/// methods must not block.
pub trait CredentialObserver: CallObserver {
    /// A pull has received a secret or a token.
    fn credential_provided(&self, _: &ProvidedCredential) {}
}

/// The unit type ignores every event.
impl CredentialObserver for () {}

/// The event that a pull has received a secret or a token.
#[derive(Clone, Copy, Debug)]
pub struct ProvidedCredential {
    /// Whether it is a secret or a token.
    pub kind: CredentialKind,
    /// Where the value came from.
    pub source: CredentialOrigin,
    /// The time since AWS returned it.
    pub age: Duration,
}

/// The kind of value that a cache contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A secret of Secrets Manager.
    Secret,
    /// A token of ECR or ECR Public.
    Token,
}

/// Where a provided value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialOrigin {
    /// AWS returned it for this request.
    Fetch,
    /// The cache returned it.
    Cache,
    /// The cache, past its expiry, because AWS is unavailable.
    StaleCache,
}
