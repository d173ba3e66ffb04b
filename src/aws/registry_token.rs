//! ECR's authorization tokens, and the scope of each.
//!
//! A token belongs to its caller: it gives access to every registry in its Region that the caller
//! may read, in any account (D4, D5, J6). So the cache key of a token is its identity and scope.
//! The scope is a Region and a variant of the endpoint: an image that is named by its FIPS host
//! requires FIPS for every request, and one that is named by its dual-stack host may be unreachable
//! through other endpoints.

use std::fmt;
use std::time::SystemTime;

use crate::aws::{AwsCall, AwsRequest};
use crate::plan::EcrRegistry;
use crate::secret::Secret;
use crate::task::Region;

/// The registries that a token is valid for. A Region belongs to one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TokenScope {
    /// The private registries of a Region, by endpoints of this variant.
    Ecr(Region, EndpointVariant),
    /// ECR Public, whose tokens are valid in every Region.
    EcrPublic,
}

/// The variant of the AWS endpoints in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EndpointVariant {
    /// Endpoints with validated cryptography (FIPS 140).
    pub fips: bool,
    /// Endpoints with IPv4 and IPv6 addresses.
    pub dual_stack: bool,
}

impl TokenScope {
    /// The call that obtains a token of this scope.
    pub(super) fn call(&self) -> AwsCall {
        match self {
            Self::Ecr(..) => AwsCall::GetEcrToken,
            Self::EcrPublic => AwsCall::GetEcrPublicToken,
        }
    }
}

impl From<&EcrRegistry> for TokenScope {
    fn from(registry: &EcrRegistry) -> Self {
        let variant = EndpointVariant { fips: registry.fips, dual_stack: registry.dual_stack };
        Self::Ecr(registry.region.clone(), variant)
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

/// A token, split into user name and password (D2).
#[derive(Clone, Debug)]
pub struct RegistryToken {
    /// The user name, `AWS`.
    pub username: Secret,
    /// The password for the registry.
    pub password: Secret,
    /// The expiry, if the answer has one.
    pub expires: Option<SystemTime>,
    /// The calls that returned the token and the credentials for it, in their order.
    pub requests: Vec<AwsRequest>,
}
