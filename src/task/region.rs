//! Names of AWS Regions.

use std::fmt;

use super::region_spelling::{find_similar, find_zone};
use crate::error::{Excerpt, InputKind, InputText};

/// The name of an AWS Region. Every well-formed name is accepted, because AWS adds Regions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(String);

/// A text that is not the name of a Region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {}", describe(.meant.as_ref()))]
pub struct RegionError {
    /// The text, as an error may show it.
    pub text: Excerpt,
    /// The Region that is probably meant, if there is one.
    pub meant: Option<MeantRegion>,
}

/// The Region that a text means which is not the name of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeantRegion {
    /// The Region of the Availability Zone or Local Zone that the text names.
    OfZone(Region),
    /// The Region whose name is spelled almost like the text, or whose place the text names.
    Similar(Region),
}

impl RegionError {
    /// What to do about the error.
    #[must_use]
    pub fn hint(&self) -> String {
        match &self.meant {
            Some(MeantRegion::OfZone(region) | MeantRegion::Similar(region)) => format!("write `{region}`"),
            None => "write the name of a Region, such as `eu-west-1`".to_owned(),
        }
    }
}

fn describe(meant: Option<&MeantRegion>) -> String {
    match meant {
        None => "is not an AWS Region".to_owned(),
        Some(MeantRegion::OfZone(region)) => format!("is a zone; its Region is {region}"),
        Some(MeantRegion::Similar(region)) => format!("is not an AWS Region; {region} is similar"),
    }
}

impl Region {
    /// Parses the name of a Region, such as `eu-west-1` or `us-gov-east-1`.
    ///
    /// # Errors
    /// [`RegionError`] for an empty text, an Availability Zone such as `us-east-1a`, and any other
    /// characters: the name becomes part of a host name.
    pub fn parse(text: &str) -> Result<Self, RegionError> {
        let mut parts = text.split('-');
        let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        let number = parts.next_back().unwrap_or_default();
        let words: Vec<&str> = parts.collect();
        let is_region = (2..=4).contains(&words.len())
            && words.iter().all(|word| is_word(word))
            && (1..=2).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit());
        if is_region { Ok(Self(text.to_owned())) } else { Err(Self::error(text)) }
    }

    /// The name, such as `eu-west-1`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition of the Region. The isolated and sovereign partitions have their own prefixes;
    /// every other Region, also a new one, is in `aws`.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        self.find_partition().name
    }

    /// A warning if this version of taskpull does not know the Region. It may be a typing error or
    /// a new Region, so it is not refused.
    #[must_use]
    pub fn unknown_warning(&self) -> Option<String> {
        let Partition { name, regions, .. } = self.find_partition();
        (!regions.contains(&self.as_str())).then(|| {
            let stem = self.0.trim_end_matches(|c: char| c.is_ascii_digit());
            let is_new_number = known_regions().any(|region| region.starts_with(stem));
            let similar = find_similar(&self.0, known_regions()).filter(|_| !is_new_number);
            let similar = similar.map(|region| format!(" ({region} is similar)")).unwrap_or_default();
            format!("{self} is not a Region of the partition {name} that this version of taskpull knows{similar}: check the spelling, unless the Region is new")
        })
    }

    fn error(text: &str) -> RegionError {
        let zone = find_zone(text, known_regions()).map(|name| MeantRegion::OfZone(Self(name.to_owned())));
        let similar = || find_similar(text, known_regions()).map(|name| MeantRegion::Similar(Self(name.to_owned())));
        let text = InputText::new(InputKind::Label, text).whole();
        RegionError { text, meant: zone.or_else(similar) }
    }

    /// Whether the Region can be in a partition: each has its own prefix, and a Region of an unknown prefix may be
    /// in a partition that this version of taskpull does not know.
    #[must_use]
    pub fn may_be_in(&self, partition: &str) -> bool {
        let own = self.find_partition();
        let is_known = |name: &str| name == AWS.name || PARTITIONS.iter().any(|partition| partition.name == name);
        own.name == partition || (own.name == AWS.name && !is_known(partition) && !AWS.regions.contains(&self.as_str()))
    }

    fn find_partition(&self) -> &'static Partition {
        PARTITIONS.iter().find(|partition| self.0.starts_with(partition.prefix)).unwrap_or(&AWS)
    }
}

/// A partition, the prefix of its Regions, and its known Regions.
struct Partition {
    name: &'static str,
    prefix: &'static str,
    regions: &'static [&'static str],
}

const AWS: Partition = Partition {
    name: "aws",
    prefix: "",
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

/// All partitions but `aws`.
const PARTITIONS: [Partition; 7] = [
    Partition { name: "aws-cn", prefix: "cn-", regions: &["cn-north-1", "cn-northwest-1"] },
    Partition { name: "aws-us-gov", prefix: "us-gov-", regions: &["us-gov-east-1", "us-gov-west-1"] },
    Partition { name: "aws-iso", prefix: "us-iso-", regions: &["us-iso-east-1", "us-iso-west-1"] },
    Partition { name: "aws-iso-b", prefix: "us-isob-", regions: &["us-isob-east-1", "us-isob-west-1"] },
    Partition { name: "aws-iso-e", prefix: "eu-isoe-", regions: &["eu-isoe-west-1"] },
    Partition { name: "aws-iso-f", prefix: "us-isof-", regions: &["us-isof-east-1", "us-isof-south-1"] },
    Partition { name: "aws-eusc", prefix: "eusc-", regions: &["eusc-de-east-1"] },
];

/// The names of all Regions that this version of taskpull knows.
fn known_regions() -> impl Iterator<Item = &'static str> {
    [&AWS].into_iter().chain(&PARTITIONS).flat_map(|partition| partition.regions.iter().copied())
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Region;

    #[test]
    fn every_known_kind_of_region_is_accepted_without_a_warning() {
        for name in ["us-east-1", "ap-southeast-7", "us-gov-east-1", "us-isob-east-1", "eusc-de-east-1", "mx-central-1"]
        {
            assert_eq!(Region::parse(name).unwrap().unknown_warning(), None, "{name}");
        }
    }

    #[test]
    fn an_unknown_region_is_accepted_with_a_warning() {
        for (name, partition) in [("us-east-9", "aws"), ("zz-central-1", "aws"), ("us-gov-east-3", "aws-us-gov")] {
            let region = Region::parse(name).unwrap();
            assert_eq!(region.partition(), partition);
            let warning = region.unknown_warning().unwrap();
            assert!(warning.starts_with(&format!("{name} is not a Region of the partition {partition} ")), "{warning}");
        }
    }
}
