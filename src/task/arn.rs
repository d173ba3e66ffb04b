//! Amazon Resource Names, as far as a task definition uses them.
//!
//! A value that exists is valid: partition, Region, twelve digits of account. Source:
//! the AWS General Reference's ARN format; secret names from seed-fact A2.

use std::fmt;

use super::region::Region;

/// Why a text is not the ARN it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// Fewer than six parts.
    #[error("an ARN has six parts divided by colons, this has {0}")]
    Parts(usize),
    /// Not `aws`, `aws-cn`, `aws-us-gov`, …
    #[error("`{0}` is not a partition")]
    Partition(String),
    /// Another service's ARN.
    #[error("it belongs to the service `{found}`, not `{wanted}`")]
    Service {
        /// The service in the ARN.
        found: String,
        /// The service it must be.
        wanted: &'static str,
    },
    /// The Region is missing or cannot be one.
    #[error("`{0}` is not a Region")]
    Region(String),
    /// IAM is global: its ARNs have no Region.
    #[error("a role's ARN has no Region, this has `{0}`")]
    RegionOnRole(String),
    /// Not twelve digits.
    #[error("an account has 12 digits, `{0}` has {n}", n = .0.chars().count())]
    Account(String),
    /// The last part is of another kind.
    #[error("its last part must begin with `{wanted}:` or `{wanted}/` as the service writes it, this is `{found}`")]
    Kind {
        /// The last part as it stands.
        found: String,
        /// The kind it must be.
        wanted: &'static str,
    },
    /// No name after the kind.
    #[error("the name is empty")]
    EmptyName,
    /// The name is longer than the service allows.
    #[error("the name has {0} characters, the limit is {1}")]
    LongName(usize, usize),
    /// A character the service does not allow.
    #[error("the name holds {0:?}; allowed are letters, digits and {1}")]
    Character(char, &'static str),
}

impl ArnError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Service { found, .. } if found == "ssm" => {
                "Parameter Store is not taken here by ECS: put the credentials in a Secrets Manager secret"
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

/// The parts every ARN has. `resource` is unchecked.
pub(super) struct Parts<'a> {
    pub region: &'a str,
    account: &'a str,
    pub resource: &'a str,
}

pub(super) fn split<'a>(text: &'a str, service: &'static str) -> Result<Parts<'a>, ArnError> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, found, region, account, resource] = parts[..] else {
        return Err(ArnError::Parts(parts.len()));
    };
    let partition_is_well_formed = partition == "aws"
        || partition
            .strip_prefix("aws-")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
    if !partition_is_well_formed {
        return Err(ArnError::Partition(partition.to_owned()));
    }
    if found != service {
        return Err(ArnError::Service { found: found.to_owned(), wanted: service });
    }
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ArnError::Account(account.to_owned()));
    }
    Ok(Parts { region, account, resource })
}

/// The second part of what is known to be an ARN.
fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or_default()
}

/// Whether a secret's name ends in `-` and six letters or digits.
pub(super) fn ends_like_a_full_arn(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(stem, suffix)| {
        !stem.is_empty() && suffix.len() == 6 && suffix.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

/// The longest name that Secrets Manager takes, in characters (C8).
pub(super) const SECRET_NAME_LIMIT: usize = 512;

/// Letters, digits and `/_+=.@-`: what Secrets Manager takes in a name (A2).
pub(super) fn check_secret_name(name: &str, limit: usize) -> Result<(), ArnError> {
    if name.is_empty() {
        return Err(ArnError::EmptyName);
    }
    if let Some(bad) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !"/_+=.@-".contains(*c)) {
        return Err(ArnError::Character(bad, "/_+=.@-"));
    }
    match name.chars().count() {
        length if length > limit => Err(ArnError::LongName(length, limit)),
        _ => Ok(()),
    }
}

/// `arn:<partition>:secretsmanager:<region>:<account>:secret:<name>[-<6 random>]` (A2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretArn {
    text: String,
    region: Region,
    account_at: usize,
}

impl SecretArn {
    /// The service adds `-` and six more.
    const NAME_LIMIT: usize = SECRET_NAME_LIMIT + 7;

    /// Reads a full or partial ARN.
    ///
    /// # Errors
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let parts = split(text, "secretsmanager")?;
        let region = Region::parse(parts.region)?;
        let Some(name) = parts.resource.strip_prefix("secret:") else {
            return Err(ArnError::Kind { found: parts.resource.to_owned(), wanted: "secret" });
        };
        check_secret_name(name, Self::NAME_LIMIT)?;
        let account_at = text.len() - parts.resource.len() - 1 - parts.account.len();
        Ok(Self { text: text.to_owned(), region, account_at })
    }

    /// The whole ARN, as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition: `aws`, `aws-cn`, …
    #[must_use]
    pub fn partition(&self) -> &str {
        partition(&self.text)
    }

    /// Where the secret lives; a request for it goes there and nowhere else (A6).
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The owner's account, 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.text[self.account_at..self.account_at + 12]
    }

    /// The name, with the random suffix when the ARN is a full one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[self.account_at + 12 + ":secret:".len()..]
    }

    /// Whether it ends in `-` and six letters or digits, as full ARNs do. A name may end
    /// so too, which makes a partial ARN ambiguous (A2).
    #[must_use]
    pub fn ends_like_a_full_arn(&self) -> bool {
        ends_like_a_full_arn(self.name())
    }
}

impl fmt::Display for SecretArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `arn:<partition>:iam::<account>:role/<path><name>` (A15).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleArn {
    text: String,
    account: String,
}

impl RoleArn {
    /// Path and name together, as IAM limits them (512 and 64 characters).
    const NAME_LIMIT: usize = 512 + 64;

    /// Reads a role's ARN.
    ///
    /// # Errors
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let parts = split(text, "iam")?;
        if !parts.region.is_empty() {
            return Err(ArnError::RegionOnRole(parts.region.to_owned()));
        }
        let Some(name) = parts.resource.strip_prefix("role/") else {
            return Err(ArnError::Kind { found: parts.resource.to_owned(), wanted: "role" });
        };
        if name.is_empty() || name.ends_with('/') {
            return Err(ArnError::EmptyName);
        }
        if let Some(bad) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !"/_+=,.@-".contains(*c)) {
            return Err(ArnError::Character(bad, "/_+=,.@-"));
        }
        if name.len() > Self::NAME_LIMIT {
            return Err(ArnError::LongName(name.len(), Self::NAME_LIMIT));
        }
        Ok(Self { text: text.to_owned(), account: parts.account.to_owned() })
    }

    /// The whole ARN, as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition: `aws`, `aws-cn`, …
    #[must_use]
    pub fn partition(&self) -> &str {
        partition(&self.text)
    }

    /// The role's account, 12 digits.
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
    use super::{ArnError, RoleArn, SecretArn};

    const FULL: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:team/registry-AbCdEf";

    #[test]
    fn a_full_arn_gives_its_region_account_and_name() {
        let arn = SecretArn::parse(FULL).unwrap();
        assert_eq!(arn.region().as_str(), "eu-west-1");
        assert_eq!(arn.account(), "111122223333");
        assert_eq!(arn.name(), "team/registry-AbCdEf");
        assert!(arn.ends_like_a_full_arn());
    }

    #[test]
    fn a_partial_arn_is_an_arn() {
        let arn = SecretArn::parse("arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:registry").unwrap();
        assert_eq!(arn.name(), "registry");
        assert!(!arn.ends_like_a_full_arn());
    }

    #[test]
    fn every_wrong_part_is_named() {
        let wrong = |from: &str, to: &str| SecretArn::parse(&FULL.replacen(from, to, 1)).unwrap_err();
        assert_eq!(SecretArn::parse("arn:aws:secretsmanager").unwrap_err(), ArnError::Parts(3));
        assert_eq!(wrong(":aws:", ":azure:"), ArnError::Partition("azure".into()));
        assert!(matches!(wrong("secretsmanager", "ssm"), ArnError::Service { found, .. } if found == "ssm"));
        assert_eq!(wrong("eu-west-1", ""), ArnError::Region(String::new()));
        assert_eq!(wrong("eu-west-1", "eu-west-1a"), ArnError::Region("eu-west-1a".into()));
        assert_eq!(wrong("eu-west-1", "evil.example/#-1"), ArnError::Region("evil.example/#-1".into()));
        assert_eq!(wrong("111122223333", "11112222333"), ArnError::Account("11112222333".into()));
        assert_eq!(wrong("111122223333", "11112222333x"), ArnError::Account("11112222333x".into()));
        assert!(matches!(wrong(":secret:", ":key:"), ArnError::Kind { .. }));
        assert_eq!(wrong("team/registry-AbCdEf", ""), ArnError::EmptyName);
        assert_eq!(wrong("team/", "team "), ArnError::Character(' ', "/_+=.@-"));
        assert_eq!(wrong("team", &"t".repeat(600)), ArnError::LongName(616, 519));
    }

    #[test]
    fn a_role_may_have_a_path() {
        let role = RoleArn::parse("arn:aws:iam::111122223333:role/service/execution").unwrap();
        assert_eq!(role.account(), "111122223333");
    }

    #[test]
    fn what_is_not_a_role_is_refused() {
        let wrong = |text: &str| RoleArn::parse(text).unwrap_err();
        assert!(matches!(wrong("arn:aws:iam::111122223333:user/me"), ArnError::Kind { .. }));
        assert_eq!(wrong("arn:aws:iam::111122223333:role/"), ArnError::EmptyName);
        assert_eq!(wrong("execution"), ArnError::Parts(1));
        assert_eq!(
            wrong("arn:aws:iam:us-east-1:111122223333:role/execution"),
            ArnError::RegionOnRole("us-east-1".into())
        );
    }
}
