//! The error of a role in the wrong partition.

use crate::error::{Class, Explain, Link};
use crate::task::RoleArn;

/// A secret or registry is in a different partition than the role that would read it. Partitions
/// share no identities, so the request cannot succeed.
#[derive(Debug, thiserror::Error)]
#[error("{resource} is in the partition {partition}, but the role {role} is not")]
pub struct PartitionError {
    pub(super) resource: String,
    pub(super) partition: String,
    pub(super) role: RoleArn,
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
