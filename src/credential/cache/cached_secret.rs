//! A cached secret, and the fetch that it came from.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::SecretVersion;
use crate::credential::provenance::SecretNames;
use crate::identity::Identity;
use crate::secret::Secret;
use crate::sync::FlightId;
use crate::task::CredentialsParameter;

/// The key of a secret in the cache: two identities never share an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SecretCacheKey {
    pub(super) identity: Identity,
    pub(super) parameter: CredentialsParameter,
}

/// A secret as it was fetched, decrypted if it was sealed.
#[derive(Debug)]
pub(super) struct FetchedSecret {
    pub(super) version: SecretVersion,
    pub(super) text: Secret,
}

/// When a fetch was started, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchStart {
    pub(super) at: Instant,
    /// Whether the fetch was started because a registry refused the previously cached value.
    pub(super) after_refusal: bool,
}

impl FetchStart {
    /// Whether the result of the fetch counts as an answer to the refusal of a credential that was
    /// sent at `sent_at`. A fetch that started before that may have missed the rotation that led to
    /// the refusal.
    pub(super) fn is_after(self, sent_at: Instant) -> bool {
        self.after_refusal || self.at >= sent_at
    }
}

/// A version of a secret in the cache.
#[derive(Debug)]
pub(in crate::credential) struct CachedSecret {
    pub(in crate::credential) version: SecretVersion,
    pub(in crate::credential) names: Arc<SecretNames>,
    /// The content, decrypted if it was sealed.
    pub(in crate::credential) text: Secret,
    pub(super) flight: FlightId,
    pub(super) fetch_start: FetchStart,
    pub(super) fetched_at: Instant,
}

impl CachedSecret {
    pub(super) fn new(
        FetchedSecret { version, text }: FetchedSecret,
        flight: FlightId,
        fetch_start: FetchStart,
        fetched_at: Instant,
    ) -> Self {
        let names = Arc::new(SecretNames::from(&version));
        Self { version, names, text, flight, fetch_start, fetched_at }
    }

    pub(super) fn is_same_version(&self, other: &Self) -> bool {
        self.version.version_id == other.version.version_id
    }

    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.fetched_at)
    }
}
