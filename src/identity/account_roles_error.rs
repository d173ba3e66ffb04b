//! The error of an entry of `[[identity.account]]`.

use crate::error::{Class, Excerpt, Explain, Link};
use crate::task::{ArnError, RoleParameter};

/// Why an entry of `identity.account` cannot be used. The account id is given.
#[derive(Debug, thiserror::Error)]
pub enum AccountRolesError {
    /// The id is not an account id.
    #[error("identity.account: `{0}` is not an AWS account id (12 digits)")]
    Id(Excerpt),
    /// Two entries have the same id.
    #[error("identity.account: {0} has more than one entry")]
    Duplicate(String),
    /// `role_arn` is not the ARN of a role.
    #[error("identity.account: the role_arn of {id}, `{text}`, is not the ARN of a role")]
    Role {
        /// The account id of the entry.
        id: String,
        /// The text of the entry, without what may be a login.
        text: Excerpt,
        /// What is wrong with the ARN.
        source: ArnError,
    },
    /// STS would refuse the external id.
    #[error("identity.account: the external_id of {0} must be 2 to 1224 letters, digits and _+=,.@:/-")]
    ExternalId(String),
}

impl Explain for AccountRolesError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        "identity.account".to_owned()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Role { source, .. } => source.hint(),
            _ => None,
        };
        Some(hint.unwrap_or_else(|| "see the example in docs/identity.md".to_owned()))
    }
}

/// A secret or registry is in a different partition than the role that would read it. Partitions
/// share no identities, so the request cannot succeed.
#[derive(Debug, thiserror::Error)]
#[error("{resource} is in the partition {partition}, but the role {role} is not")]
pub struct PartitionError {
    pub(super) resource: String,
    pub(super) partition: String,
    pub(super) role: RoleParameter,
}

impl Explain for PartitionError {
    fn link(&self) -> Link {
        Link::Role
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        self.role.to_string()
    }

    fn hint(&self) -> Option<String> {
        let partition = &self.partition;
        Some(format!("name a role in {partition}: the task's executionRoleArn, or role_arn in identity.account"))
    }
}
