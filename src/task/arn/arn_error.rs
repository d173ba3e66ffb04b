//! The error of a text that should be an ARN.

use crate::error::{Excerpt, InputText};
use crate::task::region::{Region, RegionError};
use crate::task::slip::{Field, Slip, is_unnumbered};

/// Why a text is not the ARN, or the name, that is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// The text is in the wrong form or in the wrong field.
    #[error(transparent)]
    Slip(#[from] Slip),
    /// The text has fewer than six parts; the number of parts is given.
    #[error("an ARN has six parts separated by colons, this text has {0}")]
    Parts(usize),
    /// The second part is not `aws`, `aws-cn`, `aws-us-gov` or similar.
    #[error("`{0}` is not an AWS partition")]
    Partition(Excerpt),
    /// The ARN is for a different service.
    #[error("the ARN belongs to the service `{found}`, not `{expected}`")]
    Service {
        /// The service in the ARN.
        found: Excerpt,
        /// The service that is expected.
        expected: &'static str,
        /// The Region in the ARN, if it has one.
        region: Option<Region>,
    },
    /// The Region is missing or malformed.
    #[error(transparent)]
    Region(#[from] RegionError),
    /// The Region is not one of the partition.
    #[error("the Region {region} is in the partition {expected}, not in `{found}`")]
    PartitionOfRegion {
        /// The partition in the ARN.
        found: Excerpt,
        /// The partition of the Region.
        expected: &'static str,
        /// The Region in the ARN.
        region: Region,
    },
    /// The ARN of a role has a Region, although IAM is global.
    #[error("the ARN of a role has no Region, but this one has `{0}`")]
    RegionOnRole(Excerpt),
    /// The account id does not have twelve digits.
    #[error("`{0}` is not an AWS account id (12 digits)")]
    Account(Excerpt),
    /// The resource part is of a different kind.
    #[error("the resource part of the ARN must begin with {expected}, not `{found}`")]
    Kind {
        /// The resource part in the ARN.
        found: Excerpt,
        /// The expected beginning, in backticks.
        expected: &'static str,
        /// The Region in the ARN, if it has one.
        region: Option<Region>,
    },
    /// A JSON key follows the secret's name, as in `secrets.valueFrom`.
    #[error(
        "`{suffix}` follows the secret's name: `secrets.valueFrom` has a JSON key there, `credentialsParameter` has none"
    )]
    JsonKey {
        /// The text after the secret's name.
        suffix: Excerpt,
        /// The ARN or name without it.
        secret: Excerpt,
    },
    /// There is no name after the kind.
    #[error("the name is empty")]
    EmptyName,
    /// The name is longer than the service allows: its length and the limit, in characters.
    #[error("the name has {0} characters, the limit is {1}")]
    LongName(usize, usize),
    /// The name contains a character that the service does not allow; the allowed ones are given.
    #[error("the name contains `{0}`; allowed are letters, digits and {1}")]
    Character(Excerpt, &'static str),
}

impl ArnError {
    /// What to do about the error, if there is anything useful to say.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Slip(slip) => return Some(slip.hint()),
            Self::Region(error) => return Some(error.hint()),
            Self::JsonKey { secret, .. } => return Some(format!("write the secret alone: `{secret}`")),
            Self::PartitionOfRegion { region, expected, .. } => {
                return Some(format!(
                    "begin the ARN with `arn:{expected}:`, or write the Region that was meant in place of {region}"
                ));
            }
            Self::Service { found, .. } if found.as_str() == "ssm" => {
                "ECS does not accept Parameter Store here: put the credentials in a Secrets Manager secret"
            }
            Self::Service { expected, region, .. } | Self::Kind { expected, region, .. } => {
                let region = region.as_ref().map(|region| format!(" --region {region}")).unwrap_or_default();
                let command = match *expected {
                    "secretsmanager" | SECRET_KIND => {
                        format!("secretsmanager list-secrets{region} --query 'SecretList[].ARN'")
                    }
                    "iam" | ROLE_KIND => "iam list-roles --query 'Roles[].Arn'".to_owned(),
                    "ecs" | CLUSTER_KIND => format!("ecs list-clusters{region}"),
                    _ => format!("kms list-keys{region} --query 'Keys[].KeyArn'"),
                };
                return Some(format!("copy the ARN from `aws {command}`"));
            }
            Self::Account(_) => "compare it with `aws sts get-caller-identity` in the owner's account",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// The beginning of the resource part in the ARN of a secret.
pub(super) const SECRET_KIND: &str = "`secret:`";

/// The beginning of the resource part in the ARN of a role.
pub(super) const ROLE_KIND: &str = "`role/`";

/// The beginning of the resource part in the ARN of a cluster.
pub(super) const CLUSTER_KIND: &str = "`cluster/`";

/// The checked parts of an ARN; `region` and `resource` are not checked.
pub(super) struct Parts<'a> {
    pub partition: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    pub resource: &'a str,
}

/// Splits the ARN of a field's service, and checks partition, service and account.
pub(super) fn split<'a>(field: Field, text: &'a str, service: &'static str) -> Result<Parts<'a>, ArnError> {
    if let Some(slip) = Slip::find(field, text) {
        return Err(slip.into());
    }
    let input = field.text(text);
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, found, region, account, resource] = parts[..] else {
        return Err(ArnError::Parts(parts.len()));
    };
    let is_partition = partition == "aws"
        || partition
            .strip_prefix("aws-")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
    if !is_partition {
        return Err(ArnError::Partition(input.part(partition)));
    }
    if found != service {
        let region = Region::parse(region).ok();
        return Err(ArnError::Service { found: input.part(found), expected: service, region });
    }
    if is_unnumbered(account) {
        return Err(Slip::Placeholder(input.part(account)).into());
    }
    if !is_account_id(account) {
        return Err(ArnError::Account(input.part(account)));
    }
    Ok(Parts { partition, region, account, resource })
}

impl Parts<'_> {
    /// The Region of the ARN, which must be one of its partition.
    pub(super) fn checked_region(&self, input: &InputText<'_>) -> Result<Region, ArnError> {
        let region = Region::parse(self.region).map_err(|error| {
            let is_placeholder = error.meant.is_none() && is_unnumbered(self.region);
            if is_placeholder { Slip::Placeholder(input.part(self.region)).into() } else { ArnError::Region(error) }
        })?;
        if region.may_be_in(self.partition) {
            return Ok(region);
        }
        let (found, expected) = (input.part(self.partition), region.partition());
        Err(ArnError::PartitionOfRegion { found, expected, region })
    }
}

/// Whether a text has the form of an AWS account id: twelve digits.
#[must_use]
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The partition of a text that is known to be an ARN.
pub(in crate::task) fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or_default()
}

/// The account id in a text that is known to be an ARN.
pub(in crate::task) fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// Checks a name of 1 to `limit` letters, digits and `punctuation` characters, which is a part of `input`.
pub(super) fn check_name(
    input: &InputText<'_>,
    name: &str,
    punctuation: &'static str,
    limit: usize,
) -> Result<(), ArnError> {
    if name.is_empty() {
        return Err(ArnError::EmptyName);
    }
    if let Some(character) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !punctuation.contains(*c)) {
        return Err(ArnError::Character(input.part(character.encode_utf8(&mut [0; 4])), punctuation));
    }
    if name.len() > limit { Err(ArnError::LongName(name.len(), limit)) } else { Ok(()) }
}
