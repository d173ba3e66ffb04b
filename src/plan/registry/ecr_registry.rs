//! A private ECR registry, as its host names it.

use std::fmt;

use super::ecr_host_error::EcrHostError;
use crate::error::{InputKind, InputText};
use crate::task::{Region, is_account_id};

/// A private ECR registry, as its host names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EcrRegistry {
    /// The account that owns the registry; the identity that gets the token may be in another (J6).
    pub account: String,
    /// The Region of the registry. Its partition is [`Region::partition`].
    pub region: Region,
    /// Whether the host is the FIPS endpoint.
    pub fips: bool,
    /// Whether the host also has IPv6 addresses.
    pub dual_stack: bool,
}

/// The domain of ECR hosts in some partitions.
struct Suffix {
    text: &'static str,
    dual_stack: bool,
    partitions: &'static [&'static str],
}

const fn suffix(text: &'static str, dual_stack: bool, partitions: &'static [&'static str]) -> Suffix {
    Suffix { text, dual_stack, partitions }
}

const SUFFIXES: [Suffix; 9] = [
    suffix("amazonaws.com", false, &["aws", "aws-us-gov"]),
    suffix("amazonaws.com.cn", false, &["aws-cn"]),
    suffix("amazonaws.eu", false, &["aws-eusc"]),
    suffix("c2s.ic.gov", false, &["aws-iso"]),
    suffix("sc2s.sgov.gov", false, &["aws-iso-b"]),
    suffix("cloud.adc-e.uk", false, &["aws-iso-e"]),
    suffix("csp.hci.ic.gov", false, &["aws-iso-f"]),
    suffix("on.aws", true, &["aws", "aws-us-gov"]),
    suffix("on.amazonwebservices.com.cn", true, &["aws-cn"]),
];

impl EcrRegistry {
    /// Parses a host in lower case without a port; `None` if it does not look like an ECR registry.
    ///
    /// # Errors
    /// [`EcrHostError`] for a host that looks like an ECR registry and is not one.
    pub(super) fn from_host(host: &str) -> Result<Option<Self>, EcrHostError> {
        let split = |known: &'static Suffix| Some((known, host.strip_suffix(known.text)?.strip_suffix('.')?));
        let Some((suffix, rest)) = SUFFIXES.iter().find_map(split) else { return Ok(None) };
        let labels: Vec<&str> = rest.split('.').collect();
        let (account, fips, dual_stack, region) = match *labels {
            [account, "dkr", kind @ ("ecr" | "ecr-fips"), region] => (account, kind == "ecr-fips", false, region),
            [account, kind @ ("dkr-ecr" | "dkr-ecr-fips"), region] => (account, kind == "dkr-ecr-fips", true, region),
            _ if looks_like_ecr(&labels) => return Err(EcrHostError::Form),
            _ => return Ok(None),
        };
        if !is_account_id(account) {
            return Err(EcrHostError::Account(InputText::new(InputKind::Label, account).whole()));
        }
        let region = Region::parse(region).map_err(EcrHostError::Region)?;
        if dual_stack != suffix.dual_stack {
            return Err(EcrHostError::Form);
        }
        let partition = region.partition();
        if !suffix.partitions.contains(&partition) {
            let right = SUFFIXES.iter().find(|s| s.dual_stack == dual_stack && s.partitions.contains(&partition));
            let expected = right.map_or("the domain of the partition", |right| right.text);
            return Err(EcrHostError::Partition { region, partition, suffix: suffix.text, expected });
        }
        Ok(Some(EcrRegistry { account: account.to_owned(), region, fips, dual_stack }))
    }
}

impl fmt::Display for EcrRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ECR registry {} in {}", self.account, self.region)
    }
}

/// Whether a host of AWS has the parts that only ECR registries have.
fn looks_like_ecr(labels: &[&str]) -> bool {
    let has_pair = labels.windows(2).any(|pair| pair[0] == "dkr" && pair[1].starts_with("ecr"));
    has_pair || labels.iter().any(|label| label.starts_with("dkr-ecr"))
}
