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
        self.partition_of_it().name
    }

    /// What is odd about it: that nobody knew of it when this version was made. It may be a slip
    /// and may be new, so it is said and not refused.
    #[must_use]
    pub fn oddity(&self) -> Option<String> {
        let Partition { name, regions, .. } = self.partition_of_it();
        (!regions.contains(&self.as_str())).then(|| {
            format!("{self} is no Region of the partition {name} that this version of taskpull knows: see it for a slip, unless it is a new one")
        })
    }

    fn partition_of_it(&self) -> &'static Partition {
        PARTITIONS.iter().find(|partition| self.0.starts_with(partition.begin)).unwrap_or(&AWS)
    }
}

/// A partition, how its Regions begin, and which there are.
struct Partition {
    name: &'static str,
    begin: &'static str,
    regions: &'static [&'static str],
}

const AWS: Partition = Partition {
    name: "aws",
    begin: "",
    regions: &[
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-central-1",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "me-west-1",
        "mx-central-1",
        "sa-east-1",
        "sa-west-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ],
};

/// The partitions other than `aws`.
const PARTITIONS: [Partition; 7] = [
    Partition { name: "aws-cn", begin: "cn-", regions: &["cn-north-1", "cn-northwest-1"] },
    Partition { name: "aws-us-gov", begin: "us-gov-", regions: &["us-gov-east-1", "us-gov-west-1"] },
    Partition { name: "aws-iso", begin: "us-iso-", regions: &["us-iso-east-1", "us-iso-west-1"] },
    Partition { name: "aws-iso-b", begin: "us-isob-", regions: &["us-isob-east-1", "us-isob-west-1"] },
    Partition { name: "aws-iso-e", begin: "eu-isoe-", regions: &["eu-isoe-west-1"] },
    Partition { name: "aws-iso-f", begin: "us-isof-", regions: &["us-isof-east-1", "us-isof-south-1"] },
    Partition { name: "aws-eusc", begin: "eusc-", regions: &["eusc-de-east-1"] },
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
            assert_eq!(Region::parse(name).unwrap().oddity(), None, "{name}");
        }
    }

    #[test]
    fn a_region_that_nobody_knew_of_is_taken_and_said_to_be_odd() {
        for (name, partition) in [("us-east-9", "aws"), ("zz-central-1", "aws"), ("us-gov-east-3", "aws-us-gov")] {
            let region = Region::parse(name).unwrap();
            assert_eq!(region.partition(), partition);
            assert!(
                region.oddity().unwrap().starts_with(&format!("{name} is no Region of the partition {partition} "))
            );
        }
    }
}
