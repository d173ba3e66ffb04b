//! The parts of an ARN, as far as policy decisions need them.

#[derive(Clone, Copy)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    pub fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next();
        (next()? == "arn").then_some(())?;
        Some(Self { partition: next()?, service: next()?, region: next()?, account: next()?, resource: next()? })
    }

    /// Parses an ARN that the test itself wrote, and panics if it is not of this service.
    pub fn expect(text: &'a str, service: &str) -> Self {
        let arn = Self::read(text).filter(|arn| arn.service == service);
        arn.unwrap_or_else(|| panic!("`{text}` is no ARN of {service}"))
    }
}

/// The partition of a Region; `None` if the text is not the name of a Region.
pub fn partition_of(region: &str) -> Option<&'static str> {
    let mut words = region.split('-');
    let named = words.by_ref().next().is_some_and(|word| word.len() >= 2)
        && region.split('-').count() >= 3
        && region.rsplit('-').next().is_some_and(|last| last.parse::<u8>().is_ok());
    let prefixes = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    let partition = prefixes.iter().find(|(prefix, _)| region.starts_with(prefix));
    named.then(|| partition.map_or("aws", |(_, partition)| partition))
}
