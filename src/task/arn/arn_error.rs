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

/// The checked parts of an ARN; `region` and `resource` are not checked.
pub(super) struct Parts<'a> {
    pub region: &'a str,
    pub account: &'a str,
    pub resource: &'a str,
}

/// Splits the ARN of a service, and checks partition, service and account.
pub(super) fn split<'a>(text: &'a str, service: &'static str) -> Result<Parts<'a>, ArnError> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, found, region, account, resource] = parts[..] else {
        return Err(ArnError::Parts(parts.len()));
    };
    let is_partition = partition == "aws"
        || partition
            .strip_prefix("aws-")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
    if !is_partition {
        return Err(ArnError::Partition(partition.to_owned()));
    }
    if found != service {
        return Err(ArnError::Service { found: found.to_owned(), expected: service });
    }
    if !is_account_id(account) {
        return Err(ArnError::Account(account.to_owned()));
    }
    Ok(Parts { region, account, resource })
}

/// Whether a text has the form of an AWS account id: twelve digits.
#[must_use]
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The partition of a text that is known to be an ARN.
pub(super) fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or_default()
}

/// Checks a name of 1 to `limit` letters, digits and `punctuation` characters.
pub(super) fn check_name(name: &str, punctuation: &'static str, limit: usize) -> Result<(), ArnError> {
    if name.is_empty() {
        return Err(ArnError::EmptyName);
    }
    if let Some(character) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !punctuation.contains(*c)) {
        return Err(ArnError::Character(character, punctuation));
    }
    if name.len() > limit { Err(ArnError::LongName(name.len(), limit)) } else { Ok(()) }
}
