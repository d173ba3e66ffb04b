//! ARNs of KMS keys.

use std::fmt;

use super::arn_error::{ArnError, check_name, split};
use crate::task::region::Region;
use crate::task::slip::Field;

/// The ARN of a KMS key: `arn:<partition>:kms:<region>:<account>:key/<id>`, or `alias/<name>` in place of the key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyArn {
    text: String,
    region: Region,
}

impl KeyArn {
    /// The longest id or alias that KMS accepts, in characters.
    const NAME_LIMIT: usize = 256;

    /// Parses the ARN of a key or of an alias.
    ///
    /// # Errors
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let input = Field::Key.text(text);
        let parts = split(Field::Key, text, "kms")?;
        let region = parts.checked_region(&input)?;
        let name = parts.resource.strip_prefix("key/").or_else(|| parts.resource.strip_prefix("alias/"));
        let Some(name) = name else {
            return Err(ArnError::Kind {
                found: input.part(parts.resource),
                expected: "`key/` or `alias/`",
                region: Some(region),
            });
        };
        check_name(&input, name, "/_-", Self::NAME_LIMIT)?;
        Ok(Self { text: text.to_owned(), region })
    }

    /// The whole ARN, as it is written in the input.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The Region of the key; requests to KMS go there (M2).
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::KeyArn;

    #[test]
    fn only_keys_and_aliases_are_accepted() {
        let key = KeyArn::parse("arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd").unwrap();
        assert_eq!(key.region().as_str(), "eu-west-1");
        assert!(KeyArn::parse("arn:aws-cn:kms:cn-north-1:111122223333:alias/team/pulls").is_ok());
        for text in [
            "alias/pulls",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms::111122223333:key/a",
            "arn:aws:kms:eu-west-1:111122223333:key/",
            "arn:aws:kms:eu-west-1:111122223333:grant/a",
            "arn:aws:kms:eu-west-1:111122223333:key/a b",
            "arn:aws:iam:eu-west-1:111122223333:key/a",
        ] {
            assert!(KeyArn::parse(text).is_err(), "{text}");
        }
    }
}
