//! ARNs of IAM roles.

use std::fmt;

use super::arn_error::{ArnError, ROLE_KIND, account, check_name, partition, split};
use crate::error::InputText;
use crate::task::slip::Field;

/// The ARN of an IAM role: `arn:<partition>:iam::<account>:role/<path><name>` (A15).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleArn(String);

/// The longest path and name together, as IAM limits them (512 and 64 characters).
const NAME_LIMIT: usize = 512 + 64;

/// Checks the name of a role, with its path if it has one.
pub(in crate::task) fn check_role_name(input: &InputText<'_>, name: &str) -> Result<(), ArnError> {
    if name.ends_with('/') {
        return Err(ArnError::EmptyName);
    }
    check_name(input, name, "/_+=,.@-", NAME_LIMIT)
}

impl RoleArn {
    /// The role of this name, which may have a path, in an account.
    pub(in crate::task) fn from_name(name: &str, partition: &str, account: &str) -> Self {
        Self(format!("arn:{partition}:iam::{account}:role/{name}"))
    }

    /// Parses the ARN of a role.
    ///
    /// # Errors
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let input = Field::Role.text(text);
        let parts = split(Field::Role, text, "iam")?;
        if !parts.region.is_empty() {
            return Err(ArnError::RegionOnRole(input.part(parts.region)));
        }
        let Some(name) = parts.resource.strip_prefix("role/") else {
            return Err(ArnError::Kind { found: input.part(parts.resource), expected: ROLE_KIND, region: None });
        };
        check_role_name(&input, name)?;
        Ok(Self(text.to_owned()))
    }

    /// The whole ARN, as it is written in the input.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition: `aws`, `aws-cn`, …
    #[must_use]
    pub fn partition(&self) -> &str {
        partition(&self.0)
    }

    /// The account id of the role, 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        account(&self.0)
    }
}

impl AsRef<str> for RoleArn {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::RoleArn;
    use crate::task::{ArnError, Field};

    #[test]
    fn a_role_may_have_a_path() {
        let role = RoleArn::parse("arn:aws:iam::111122223333:role/service/execution").unwrap();
        assert_eq!(role.account(), "111122223333");
    }

    #[test]
    fn the_arn_of_anything_but_a_role_is_refused() {
        let error = |text: &str| RoleArn::parse(text).unwrap_err();
        assert!(matches!(error("arn:aws:iam::111122223333:user/me"), ArnError::Kind { .. }));
        assert_eq!(error("arn:aws:iam::111122223333:role/"), ArnError::EmptyName);
        assert_eq!(error("execution"), ArnError::Parts(1));
        assert_eq!(
            error("arn:aws:iam:us-east-1:111122223333:role/execution"),
            ArnError::RegionOnRole(Field::Role.text("us-east-1").whole())
        );
    }
}
