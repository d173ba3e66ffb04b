//! Regions' names.

use std::fmt;

use super::arn::ArnError;

/// An AWS Region's name. Any well-formed one is taken: new ones appear every year.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(String);

impl Region {
    /// Reads a Region's name, such as `eu-west-1` or `us-gov-east-1`.
    ///
    /// # Errors
    /// When the text cannot be one (empty, a zone such as `us-east-1a`, other characters).
    /// It becomes part of a host name, so nothing else may pass.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let mut parts = text.split('-');
        let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        let number = parts.next_back().unwrap_or_default();
        let words: Vec<&str> = parts.collect();
        let well_formed = (2..=4).contains(&words.len())
            && words.iter().all(|word| is_word(word))
            && (1..=2).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit());
        if well_formed { Ok(Self(text.to_owned())) } else { Err(ArnError::Region(text.to_owned())) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that it lies in. The isolated and sovereign ones have beginnings of their
    /// own; every other Region, also one that is new, is in `aws`.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        let of = |(begin, _): &&(&str, &str)| self.0.starts_with(begin);
        PARTITIONS.iter().find(of).map_or("aws", |(_, partition)| partition)
    }
}

/// How the Regions of the partitions other than `aws` begin.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
];

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Region;

    #[test]
    fn every_kind_of_region_is_taken() {
        for name in ["us-east-1", "ap-southeast-7", "us-gov-east-1", "us-isob-east-1", "eusc-de-east-1", "mx-central-1"]
        {
            assert!(Region::parse(name).is_ok(), "{name}");
        }
    }
}
