//! The error of a text that should be an ARN.

use crate::task::region::RegionError;

/// Why a text is not the ARN that is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// The text has fewer than six parts; the number of parts is given.
    #[error("an ARN has six parts separated by colons, this text has {0}")]
    Parts(usize),
    /// The second part is not `aws`, `aws-cn`, `aws-us-gov` or similar.
    #[error("`{0}` is not an AWS partition")]
    Partition(String),
    /// The ARN is for a different service.
    #[error("the ARN belongs to the service `{found}`, not `{expected}`")]
    Service {
        /// The service in the ARN.
        found: String,
        /// The service that is expected.
        expected: &'static str,
    },
    /// The Region is missing or malformed.
    #[error(transparent)]
    Region(#[from] RegionError),
    /// The ARN of a role has a Region, although IAM is global.
    #[error("the ARN of a role has no Region, but this one has `{0}`")]
    RegionOnRole(String),
    /// The account id does not have twelve digits.
    #[error("`{0}` is not an AWS account id (12 digits)")]
    Account(String),
    /// The resource part is of a different kind.
    #[error("the resource part of the ARN must begin with {expected}, not `{found}`")]
    Kind {
        /// The resource part in the ARN.
        found: String,
        /// The expected beginning, in backticks.
        expected: &'static str,
    },
    /// There is no name after the kind.
    #[error("the name is empty")]
    EmptyName,
    /// The name is longer than the service allows: its length and the limit, in characters.
    #[error("the name has {0} characters, the limit is {1}")]
    LongName(usize, usize),
    /// The name contains a character that the service does not allow; the allowed ones are given.
    #[error("the name contains {0:?}; allowed are letters, digits and {1}")]
    Character(char, &'static str),
}

impl ArnError {
    /// What to do about the error, if there is anything useful to say.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Service { found, .. } if found == "ssm" => {
                "ECS does not accept Parameter Store here: put the credentials in a Secrets Manager secret"
            }
            Self::Service { .. } | Self::Kind { .. } => {
                "copy the ARN from `aws secretsmanager describe-secret` (or `aws iam get-role` for a role)"
            }
            Self::Account(_) => "compare it with `aws sts get-caller-identity` in the owner's account",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
