//! `executionRoleArn`: the role with which ECS reads a task's secrets (A15).

use super::arn::ArnError;
use super::role_parameter::RoleParameter;
use super::slip::Field;
use crate::error::{Class, Excerpt, Explain, Link};

/// The `executionRoleArn` of a task is neither the ARN nor the name of a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("executionRoleArn `{text}`: {error}")]
pub struct ExecutionRoleError {
    /// The text of the definition, without what may be a login.
    pub text: Excerpt,
    /// What is wrong with the text.
    pub error: ArnError,
}

/// Parses the value of `executionRoleArn`.
pub(super) fn parse(text: &str) -> Result<RoleParameter, ExecutionRoleError> {
    RoleParameter::parse(text).map_err(|error| ExecutionRoleError { text: Field::Role.text(text).whole(), error })
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
        let hint = "give the role's ARN, as `aws iam list-roles --query 'Roles[].Arn'` prints it, or its name";
        Some(self.error.hint().unwrap_or_else(|| hint.to_owned()))
    }
}
