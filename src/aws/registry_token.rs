//! ECR's authorization tokens: what they are good for, and where they come from.
//!
//! A token is its caller's: it opens every registry in its Region that the caller may read,
//! of whatever account (D4, D5, J6). So who asks and where is all there is to its key. Where is
//! a Region and the way there: whoever names an image by its FIPS host wants FIPS all the way,
//! and who names it by its dual-stack host may have no other way.

use std::fmt;
use std::future::Future;
use std::time::SystemTime;

use tokio::time::Instant;

use crate::aws::{AwsRequest, TokenError};
use crate::credential::SecretStore;
use crate::identity::Identity;
use crate::plan::EcrRegistry;
use crate::secret::Secret;
use crate::task::Region;

/// What a token is good for. A Region is in one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TokenScope {
    /// The private registries of a Region, reached over such hosts.
    Ecr(Region, Hosts),
    /// ECR Public, wherever the host is.
    EcrPublic,
}

/// Which of AWS's hosts serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hosts {
    /// Those with validated cryptography only.
    pub fips: bool,
    /// Those with IPv6 addresses too.
    pub dual_stack: bool,
}

impl From<&EcrRegistry> for TokenScope {
    fn from(registry: &EcrRegistry) -> Self {
        let hosts = Hosts { fips: registry.fips, dual_stack: registry.dual_stack };
        Self::Ecr(registry.region.clone(), hosts)
    }
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecr(region, _) => write!(f, "ECR in {region}"),
            Self::EcrPublic => f.write_str("ECR Public"),
        }
    }
}

/// A token, taken apart (D2).
#[derive(Clone, Debug)]
pub struct RegistryToken {
    /// `AWS`.
    pub username: Secret,
    /// What the registry is shown for a password.
    pub password: Secret,
    /// When it ends, where that was said.
    pub expires: Option<SystemTime>,
    /// The calls that brought it.
    pub requests: Vec<AwsRequest>,
}

/// Where tokens come from. The real one is [`super::aws::Aws`].
pub trait TokenStore: SecretStore {
    /// Gets a new token as `identity`, by `end` at the latest.
    ///
    /// # Errors
    /// [`TokenError`], with everything the store knows about the refusal.
    fn token(
        &self,
        identity: &Identity,
        scope: &TokenScope,
        end: Instant,
    ) -> impl Future<Output = Result<RegistryToken, TokenError>> + Send;
}
