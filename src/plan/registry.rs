//! Which registry an image is in: the one place that decides who is shown an ECR token.
//!
//! A host is matched as a whole and in any case, so that `….amazonaws.com.example.io` is
//! nobody's but its owner's (D1). A port does not change whose host it is. What is written
//! like an ECR host, under a name of AWS's, and cannot be one is an error: to pull it
//! anonymously would end in words about missing credentials that send the reader astray.

use std::fmt;

use crate::error::{Class, Explain, Link};
use crate::task::{ImageReference, Region};

/// Whose registry it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Registry {
    /// A private registry of Amazon ECR, pull-through caches included (C13).
    Ecr(EcrRegistry),
    /// Amazon ECR Public.
    EcrPublic,
    /// Docker Hub, under any of its names.
    DockerHub,
    /// GitHub's container registry.
    Ghcr,
    /// A registry of Azure's.
    Acr,
    /// GitLab's own; an installation elsewhere cannot be told by its name.
    GitLab,
    /// Any other.
    Other,
}

/// A private ECR registry, as its host names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EcrRegistry {
    /// The account that owns it; whoever asks for the token may be of another one (J6).
    pub account: String,
    /// Where it is. Its partition is [`Region::partition`].
    pub region: Region,
    /// Whether the host is the FIPS one.
    pub fips: bool,
    /// Whether the host has IPv6 addresses too.
    pub dual_stack: bool,
}

impl fmt::Display for EcrRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ECR registry {} in {}", self.account, self.region)
    }
}

/// What is wrong with a host that is written like ECR's and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EcrHostFault {
    /// Its parts are not those of an ECR host.
    #[error("its host is written like an ECR registry's, and is none")]
    Form,
    /// Not twelve digits.
    #[error("an ECR host begins with an account's 12 digits, this one with `{0}`")]
    Account(String),
    /// Not a Region's name.
    #[error("`{0}` in its ECR host is not a Region")]
    Region(String),
    /// The Region is of another partition than the rest of the host.
    #[error("the Region {region} is in the partition {partition}, whose ECR hosts do not end in `{suffix}`")]
    Partition {
        /// The Region.
        region: Region,
        /// Where it is.
        partition: &'static str,
        /// How the host ends.
        suffix: &'static str,
    },
}

/// The same, where somebody asked for it.
#[derive(Debug, thiserror::Error)]
pub(super) enum EcrHostError {
    /// In a definition.
    #[error("image {image}: {fault}")]
    Image { image: String, fault: EcrHostFault },
    /// By the host alone.
    #[error("registry {host}: {fault}")]
    Host { host: String, fault: EcrHostFault },
}

impl Explain for EcrHostError {
    fn link(&self) -> Link {
        match self {
            Self::Image { .. } => Link::Definition,
            Self::Host { .. } => Link::Configuration,
        }
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        let (Self::Image { image: resource, .. } | Self::Host { host: resource, .. }) = self;
        resource.clone()
    }

    fn hint(&self) -> Option<String> {
        Some("an ECR image is `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY`, with its partition's own ending: `aws ecr describe-repositories` prints repositoryUri".to_owned())
    }
}

/// How the hosts of ECR end, in which partitions.
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

/// ECR Public's names.
const ECR_PUBLIC: [&str; 2] = ["public.ecr.aws", "ecr-public.aws.com"];

/// Azure's clouds.
const AZURE: [&str; 3] = ["azurecr.io", "azurecr.cn", "azurecr.us"];

impl Registry {
    /// The registry of an image.
    ///
    /// # Errors
    /// [`EcrHostFault`], for a host that is written like ECR's and is none.
    pub fn of(image: &ImageReference) -> Result<Self, EcrHostFault> {
        let host = host_of(image.registry()).to_ascii_lowercase();
        if let Some(ecr) = ecr(&host)? {
            return Ok(Self::Ecr(ecr));
        }
        let is_of_azure = |cloud: &str| {
            let name = host.strip_suffix(cloud).and_then(|rest| rest.strip_suffix('.'));
            name.is_some_and(|name| !name.contains('.'))
        };
        Ok(match host.as_str() {
            "ghcr.io" => Self::Ghcr,
            "registry.gitlab.com" => Self::GitLab,
            public if ECR_PUBLIC.contains(&public) => Self::EcrPublic,
            hub if ImageReference::DOCKER_HUB_NAMES.contains(&hub) => Self::DockerHub,
            _ if AZURE.iter().any(|cloud| is_of_azure(cloud)) => Self::Acr,
            _ => Self::Other,
        })
    }
}

/// The one spelling of a registry's name: a host in lower case, without the port that it has
/// anyway. Registries with several names have one here.
pub(super) fn canonical(registry: &str) -> String {
    let registry = registry.to_ascii_lowercase();
    match registry.strip_suffix(":443").unwrap_or(&registry) {
        hub if ImageReference::DOCKER_HUB_NAMES.contains(&hub) => ImageReference::DOCKER_HUB.to_owned(),
        host if ECR_PUBLIC.contains(&host) => ECR_PUBLIC[0].to_owned(),
        host => host.to_owned(),
    }
}

/// The host without its port; an IPv6 address keeps its brackets.
fn host_of(registry: &str) -> &str {
    match registry.rsplit_once(':') {
        Some((host, _)) if !registry.ends_with(']') => host,
        _ => registry,
    }
}

/// The ECR registry that this host is, if it is one.
fn ecr(host: &str) -> Result<Option<EcrRegistry>, EcrHostFault> {
    let of_suffix = |known: &'static Suffix| Some((known, host.strip_suffix(known.text)?.strip_suffix('.')?));
    let Some((suffix, rest)) = SUFFIXES.iter().find_map(of_suffix) else { return Ok(None) };
    let labels: Vec<&str> = rest.split('.').collect();
    let (account, fips, dual_stack, region) = match *labels {
        [account, "dkr", kind @ ("ecr" | "ecr-fips"), region] => (account, kind == "ecr-fips", false, region),
        [account, kind @ ("dkr-ecr" | "dkr-ecr-fips"), region] => (account, kind == "dkr-ecr-fips", true, region),
        _ if looks_like_ecr(&labels) => return Err(EcrHostFault::Form),
        _ => return Ok(None),
    };
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EcrHostFault::Account(account.to_owned()));
    }
    let region = Region::parse(region).map_err(|_| EcrHostFault::Region(region.to_owned()))?;
    if dual_stack != suffix.dual_stack {
        return Err(EcrHostFault::Form);
    }
    let partition = region.partition();
    if !suffix.partitions.contains(&partition) {
        return Err(EcrHostFault::Partition { region, partition, suffix: suffix.text });
    }
    Ok(Some(EcrRegistry { account: account.to_owned(), region, fips, dual_stack }))
}

/// Whether a host of AWS's has the parts that only ECR's registries have.
fn looks_like_ecr(labels: &[&str]) -> bool {
    let pairs = labels.windows(2).any(|pair| pair[0] == "dkr" && pair[1].starts_with("ecr"));
    pairs || labels.iter().any(|label| label.starts_with("dkr-ecr"))
}

#[cfg(test)]
mod tests;
