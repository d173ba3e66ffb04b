//! The error of a malformed execution role.

use crate::error::{Class, Explain, Link};
use crate::task::ArnError;

/// The task needs its execution role, which is not the ARN of a role.
#[derive(Debug, thiserror::Error)]
#[error("executionRoleArn is not the ARN of a role")]
pub(super) struct ExecutionRoleError {
    pub source: ArnError,
}

impl Explain for ExecutionRoleError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        "executionRoleArn".to_owned()
    }

    fn hint(&self) -> Option<String> {
        Some("give the role's full ARN, as `aws iam get-role` prints it".to_owned())
    }
}
