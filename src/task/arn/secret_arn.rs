//! ARNs and names of secrets in Secrets Manager.

use std::fmt;

use super::arn_error::{ArnError, SECRET_KIND, check_name, partition, split};
use crate::task::region::Region;
use crate::task::slip::Field;

/// The ARN of a secret: `arn:<partition>:secretsmanager:<region>:<account>:secret:<name>[-<6 random>]`
/// (A2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretArn {
    text: String,
    region: Region,
    account_start: usize,
}

/// The longest secret name that Secrets Manager accepts, in characters (C8).
const NAME_LIMIT: usize = 512;

/// The length of the suffix of a full ARN: `-` and six letters or digits.
const SUFFIX: usize = 7;

/// Checks the name of a secret: letters, digits and `/_+=.@-`, at most 512 characters (A2, C8).
pub(in crate::task) fn check_secret_name(name: &str) -> Result<(), ArnError> {
    check_json_key(name, name)?;
    check_name(&Field::Secret.text(name), name, "/_+=.@-", NAME_LIMIT)
}

/// Refuses the JSON key that `secrets.valueFrom` has behind a secret's name: `:key:stage:version`.
fn check_json_key(text: &str, name: &str) -> Result<(), ArnError> {
    let suffix = name.find(':').map_or("", |colon| &name[colon..]);
    let is_name = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if suffix.matches(':').count() != 3 || !suffix.split(':').all(is_name) {
        return Ok(());
    }
    let input = Field::Secret.text(text);
    let secret = input.part(&text[..text.len() - suffix.len()]);
    Err(ArnError::JsonKey { suffix: input.part(suffix), secret })
}

/// Whether a secret's name ends in `-` and six letters or digits.
pub(in crate::task) fn ends_like_a_full_arn(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(stem, suffix)| {
        !stem.is_empty() && suffix.len() == 6 && suffix.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

impl SecretArn {
    /// Parses a full or partial ARN.
    ///
    /// # Errors
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let input = Field::Secret.text(text);
        let parts = split(Field::Secret, text, "secretsmanager")?;
        let region = parts.checked_region(&input)?;
        let Some(name) = parts.resource.strip_prefix("secret:") else {
            return Err(ArnError::Kind {
                found: input.part(parts.resource),
                expected: SECRET_KIND,
                region: Some(region),
            });
        };
        check_json_key(text, name)?;
        check_name(&input, name, "/_+=.@-", NAME_LIMIT + SUFFIX)?;
        let account_start = text.len() - parts.resource.len() - 1 - parts.account.len();
        Ok(Self { text: text.to_owned(), region, account_start })
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

    /// The Region of the secret; requests for it go only there (A6).
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The account id of the owner, 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.text[self.account_start..self.account_start + 12]
    }

    /// The name, with the random suffix if the ARN is a full one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[self.account_start + 12 + ":secret:".len()..]
    }

    /// Whether the ARN ends in `-` and six letters or digits, as full ARNs do. A secret's name may
    /// end like that too, so a partial ARN can be ambiguous (A2).
    #[must_use]
    pub fn ends_like_a_full_arn(&self) -> bool {
        ends_like_a_full_arn(self.name())
    }
}

impl AsRef<str> for SecretArn {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for SecretArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::SecretArn;
    use crate::task::{ArnError, Field, Slip};

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
    fn a_partial_arn_is_accepted() {
        let arn = SecretArn::parse("arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:registry").unwrap();
        assert_eq!(arn.name(), "registry");
        assert!(!arn.ends_like_a_full_arn());
    }

    #[test]
    fn the_error_names_the_part_that_is_wrong() {
        let error = |from: &str, to: &str| SecretArn::parse(&FULL.replacen(from, to, 1)).unwrap_err();
        let excerpt = |text: &str| Field::Secret.text(text).whole();
        assert_eq!(SecretArn::parse("arn:aws:secretsmanager").unwrap_err(), ArnError::Parts(3));
        assert_eq!(error(":aws:", ":azure:"), ArnError::Partition(excerpt("azure")));
        assert!(matches!(error("secretsmanager", "ssm"), ArnError::Service { found, .. } if found.as_str() == "ssm"));
        for region in ["", "eu-west-1a", "evil.example/#-1"] {
            assert!(matches!(error("eu-west-1", region), ArnError::Region(_)), "{region}");
        }
        assert_eq!(error("111122223333", "11112222333"), ArnError::Account(excerpt("11112222333")));
        assert_eq!(error("111122223333", "11112222333x"), ArnError::Account(excerpt("11112222333x")));
        assert_eq!(error("111122223333", "account-id"), ArnError::Slip(Slip::Placeholder(excerpt("account-id"))));
        assert_eq!(error("eu-west-1", "region"), ArnError::Slip(Slip::Placeholder(excerpt("region"))));
        assert!(matches!(error(":secret:", ":key:"), ArnError::Kind { .. }));
        assert_eq!(error("team/registry-AbCdEf", ""), ArnError::EmptyName);
        assert_eq!(error("team/", "team~"), ArnError::Character(excerpt("~"), "/_+=.@-"));
        assert_eq!(error("team", &"t".repeat(600)), ArnError::LongName(616, 519));
    }

    #[test]
    fn a_json_key_after_the_name_is_refused() {
        for suffix in
            [":password::", ":username:AWSCURRENT:", ":::", "::AWSPENDING:", ":k::0a1b2c3d-1111-4222-8333-444455556666"]
        {
            let error = SecretArn::parse(&format!("{FULL}{suffix}")).unwrap_err();
            assert!(
                matches!(&error, ArnError::JsonKey { secret, .. } if secret.as_str() == FULL),
                "{suffix}: {error:?}"
            );
        }
    }

    #[test]
    fn a_region_of_another_partition_is_refused() {
        for (partition, region) in [
            ("aws", "cn-north-1"),
            ("aws", "us-gov-west-1"),
            ("aws", "us-iso-east-1"),
            ("aws", "us-isob-east-1"),
            ("aws", "eu-isoe-west-1"),
            ("aws", "eusc-de-east-1"),
            ("aws-cn", "us-east-1"),
            ("aws-cn", "us-gov-east-1"),
            ("aws-us-gov", "us-west-2"),
            ("aws-us-gov", "cn-northwest-1"),
            ("aws-iso", "us-isob-east-1"),
            ("aws-iso-b", "us-iso-east-1"),
            ("aws-eusc", "eu-central-1"),
            ("aws-new", "eu-west-1"),
        ] {
            let arn = format!("arn:{partition}:secretsmanager:{region}:111122223333:secret:registry-AbCdEf");
            let error = SecretArn::parse(&arn).unwrap_err();
            assert!(matches!(error, ArnError::PartitionOfRegion { .. }), "{arn}: {error}");
        }
        let new = "arn:aws-new:secretsmanager:nw-east-1:111122223333:secret:registry-AbCdEf";
        assert!(SecretArn::parse(new).is_ok(), "an unknown partition with an unknown Region");
    }
}
