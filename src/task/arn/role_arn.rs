//! ARNs of IAM roles.

use std::fmt;

use super::arn_error::{ArnError, check_name, partition, split};

/// The ARN of an IAM role: `arn:<partition>:iam::<account>:role/<path><name>` (A15).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleArn {
    text: String,
    account: String,
}

impl RoleArn {
    /// The longest path and name together, as IAM limits them (512 and 64 characters).
    const NAME_LIMIT: usize = 512 + 64;

    /// Parses the ARN of a role.
    ///
    /// # Errors
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let parts = split(text, "iam")?;
        if !parts.region.is_empty() {
            return Err(ArnError::RegionOnRole(parts.region.to_owned()));
        }
        let Some(name) = parts.resource.strip_prefix("role/") else {
            return Err(ArnError::Kind { found: parts.resource.to_owned(), expected: "`role/`" });
        };
        if name.ends_with('/') {
            return Err(ArnError::EmptyName);
        }
        check_name(name, "/_+=,.@-", Self::NAME_LIMIT)?;
        Ok(Self { text: text.to_owned(), account: parts.account.to_owned() })
    }

    /// The whole ARN, as it is written in the input.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition: `aws`, `aws-cn`, …
    #[must_use]
    pub fn partition(&self) -> &str {
        partition(&self.text)
    }

    /// The account id of the role, 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::RoleArn;
    use crate::task::ArnError;

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
            ArnError::RegionOnRole("us-east-1".into())
        );
    }
}
