//! The error of a host that looks like an ECR registry.

use crate::task::Region;

/// Why a host that looks like an ECR registry is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EcrHostError {
    /// The parts of the host are not those of an ECR host.
    #[error("the host looks like an ECR registry, but is not one")]
    Form,
    /// The first part is not an account id.
    #[error("an ECR host begins with a 12-digit account id, but this one begins with `{0}`")]
    Account(String),
    /// The Region is malformed.
    #[error("`{0}` in the ECR host is not an AWS Region")]
    Region(String),
    /// The Region is in a different partition than the domain of the host.
    #[error("the Region {region} is in the partition {partition}, whose ECR hosts do not end in `{suffix}`")]
    Partition {
        /// The Region in the host.
        region: Region,
        /// The partition of that Region.
        partition: &'static str,
        /// The domain of the host.
        suffix: &'static str,
    },
}
