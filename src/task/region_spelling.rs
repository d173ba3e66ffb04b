//! What people write in place of the name of a Region: a zone, a different spelling, a place.

use crate::task::edit_distance::edit_distance;

/// The places of Regions, as the AWS console shows them, in lower case.
const PLACES: [(&str, &str); 44] = [
    ("virginia", "us-east-1"),
    ("ohio", "us-east-2"),
    ("california", "us-west-1"),
    ("oregon", "us-west-2"),
    ("cape town", "af-south-1"),
    ("hong kong", "ap-east-1"),
    ("taipei", "ap-east-2"),
    ("tokyo", "ap-northeast-1"),
    ("seoul", "ap-northeast-2"),
    ("osaka", "ap-northeast-3"),
    ("mumbai", "ap-south-1"),
    ("hyderabad", "ap-south-2"),
    ("singapore", "ap-southeast-1"),
    ("sydney", "ap-southeast-2"),
    ("jakarta", "ap-southeast-3"),
    ("melbourne", "ap-southeast-4"),
    ("malaysia", "ap-southeast-5"),
    ("new zealand", "ap-southeast-6"),
    ("thailand", "ap-southeast-7"),
    ("montreal", "ca-central-1"),
    ("canada (central)", "ca-central-1"),
    ("calgary", "ca-west-1"),
    ("frankfurt", "eu-central-1"),
    ("zurich", "eu-central-2"),
    ("stockholm", "eu-north-1"),
    ("milan", "eu-south-1"),
    ("spain", "eu-south-2"),
    ("ireland", "eu-west-1"),
    ("london", "eu-west-2"),
    ("paris", "eu-west-3"),
    ("tel aviv", "il-central-1"),
    ("uae", "me-central-1"),
    ("dubai", "me-central-1"),
    ("bahrain", "me-south-1"),
    ("mexico", "mx-central-1"),
    ("sao paulo", "sa-east-1"),
    ("são paulo", "sa-east-1"),
    ("beijing", "cn-north-1"),
    ("ningxia", "cn-northwest-1"),
    ("govcloud (us-east)", "us-gov-east-1"),
    ("govcloud (us-west)", "us-gov-west-1"),
    ("brandenburg", "eusc-de-east-1"),
    ("virginia (govcloud)", "us-gov-east-1"),
    ("tokio", "ap-northeast-1"),
];

/// The Region of the zone that a text names: `us-east-1a`, `us-west-2-lax-1a`, `use1-az1`.
pub(super) fn find_zone(text: &str, regions: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let text = text.trim().to_ascii_lowercase();
    let id = text.split_once("-az").filter(|(_, number)| number.bytes().all(|b| b.is_ascii_digit()));
    regions.into_iter().find(|region| match (text.strip_prefix(region), id) {
        (_, Some((short, _))) => short == abbreviation(region),
        (Some(rest), _) => {
            let is_zone = rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_lowercase());
            let is_local_zone = rest.starts_with('-') && rest.ends_with(|c: char| c.is_ascii_alphanumeric());
            is_zone || is_local_zone
        }
        _ => false,
    })
}

/// The Region whose name differs from a text only by upper case, separators or two letters, or whose place it names.
pub(super) fn find_similar(text: &str, regions: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let lower = text.trim().to_lowercase();
    let place = PLACES.iter().filter(|(place, _)| lower.contains(place)).max_by_key(|(place, _)| place.len());
    if let Some((_, region)) = place {
        return Some(region);
    }
    let letters = compact(&lower);
    if letters.len() < 4 || letters.len() > 20 {
        return None;
    }
    let regions: Vec<_> = regions.collect();
    if let Some(region) = regions.iter().find(|region| abbreviation(region) == letters) {
        return Some(region);
    }
    let distance = |region: &&str| edit_distance(&letters, &compact(region));
    let nearest = regions.iter().copied().min_by_key(distance)?;
    let limit = if letters.len() < 7 { 1 } else { 2 };
    (distance(&nearest) <= limit).then_some(nearest)
}

/// The letters and digits of a text.
fn compact(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The abbreviation of a Region in the ids of its zones: `use1` for `us-east-1`, `apse2` for `ap-southeast-2`.
fn abbreviation(region: &str) -> String {
    let mut parts = region.split('-');
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (first, second) =
            ["north", "south"].iter().find_map(|half| Some((half, part.strip_prefix(half)?))).unwrap_or((&"", part));
        short.extend(first.chars().next());
        short.extend(second.chars().next());
    }
    short
}

#[cfg(test)]
mod tests {
    use crate::task::Region;

    #[test]
    fn a_zone_is_distinguished_from_its_region() {
        for (text, region) in [
            ("us-east-1a", "us-east-1"),
            ("eu-central-1c", "eu-central-1"),
            ("ap-northeast-1d", "ap-northeast-1"),
            ("us-gov-west-1b", "us-gov-west-1"),
            ("cn-north-1a", "cn-north-1"),
            ("us-west-2-lax-1a", "us-west-2"),
            ("us-east-1-wl1-bos-wlz-1", "us-east-1"),
            ("US-EAST-1B", "us-east-1"),
            ("use1-az4", "us-east-1"),
            ("apse2-az1", "ap-southeast-2"),
            ("usgw1-az1", "us-gov-west-1"),
        ] {
            let error = Region::parse(text).unwrap_err();
            assert_eq!(error.to_string(), format!("`{text}` is a zone; its Region is {region}"));
            assert_eq!(error.hint(), format!("write `{region}`"));
        }
    }

    #[test]
    fn the_region_that_is_meant_is_named() {
        for (text, region) in [
            ("us-east1", "us-east-1"),
            ("useast1", "us-east-1"),
            ("US-EAST-1", "us-east-1"),
            ("us_east_1", "us-east-1"),
            ("us east 1", "us-east-1"),
            ("us-east-1 ", "us-east-1"),
            ("us.east.1", "us-east-1"),
            ("us–east–1", "us-east-1"),
            ("use1", "us-east-1"),
            ("N. Virginia", "us-east-1"),
            ("US East (N. Virginia)", "us-east-1"),
            ("Europe (Ireland)", "eu-west-1"),
            ("EU (Frankfurt)", "eu-central-1"),
            ("Asia Pacific (Sydney)", "ap-southeast-2"),
            ("South America (São Paulo)", "sa-east-1"),
            ("AWS GovCloud (US-West)", "us-gov-west-1"),
            ("eu-cental-1a", "eu-central-1"),
            ("ap-southeast2", "ap-southeast-2"),
            ("eu-west", "eu-west-1"),
        ] {
            let error = Region::parse(text).unwrap_err();
            assert_eq!(error.hint(), format!("write `{region}`"), "{text}: {error}");
        }
    }

    #[test]
    fn a_text_without_a_region_suggests_none() {
        for text in ["", "region", "REGION", "<region>", "global", "aws", "eu", "some-other-place", "00000000"] {
            assert_eq!(Region::parse(text).unwrap_err().meant, None, "{text}");
        }
        let misspelled = Region::parse("us-esat-1").unwrap();
        assert!(misspelled.unknown_warning().unwrap().contains("us-east-1 is similar"));
    }
}
