//! A cached ECR token, and the fetch that it came from.

use std::time::Duration;

use tokio::time::Instant;

use crate::aws::{RegistryToken, TokenScope};
use crate::identity::Identity;
use crate::sync::FlightId;

/// The key of a token in the cache: two identities never share an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct TokenCacheKey {
    pub(super) identity: Identity,
    pub(super) scope: TokenScope,
}

/// An ECR token in the cache.
#[derive(Debug)]
pub(in crate::credential) struct CachedToken {
    pub(in crate::credential) token: RegistryToken,
    pub(super) flight: FlightId,
    /// Whether it was fetched because a registry refused the previous token.
    pub(super) after_refusal: bool,
    pub(super) fetched_at: Instant,
    pub(super) expires_at: Instant,
}

impl CachedToken {
    #[expect(clippy::disallowed_methods, reason = "two tokens are compared, and not shown")]
    pub(super) fn is_same_token(&self, other: &Self) -> bool {
        self.token.password.expose() == other.token.password.expose()
    }

    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.fetched_at)
    }
}
