//! The kind of registry that an image is in.

use super::{ecr_host_error::EcrHostError, ecr_registry::EcrRegistry};
use crate::task::ImageReference;

/// The kind of registry that an image is in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RegistryKind {
    /// A private registry of Amazon ECR, also with a pull-through cache (C13).
    Ecr(EcrRegistry),
    /// Amazon ECR Public, under any of its names.
    EcrPublic,
    /// Docker Hub, under any of its names.
    DockerHub,
    /// The container registry of GitHub.
    Ghcr,
    /// A registry of Azure Container Registry.
    Acr,
    /// gitlab.com; a self-hosted GitLab cannot be recognized by its name.
    GitLab,
    /// Any registry that is none of the above.
    Other,
}

/// The partition whose identities can get tokens of ECR Public.
pub(in crate::plan) const ECR_PUBLIC_PARTITION: &str = "aws";

/// The domains of Azure Container Registry.
const AZURE: [&str; 3] = ["azurecr.io", "azurecr.cn", "azurecr.us"];

impl RegistryKind {
    /// The kind of the registry of an image.
    ///
    /// # Errors
    /// [`EcrHostError`] for a host that looks like an ECR registry and is not one.
    pub fn from_image(image: &ImageReference) -> Result<Self, EcrHostError> {
        let host = without_port(image.registry()).to_ascii_lowercase();
        if let Some(ecr) = EcrRegistry::from_host(&host)? {
            return Ok(Self::Ecr(ecr));
        }
        let is_azure = |domain: &str| {
            let name = host.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.'));
            name.is_some_and(|name| !name.contains('.'))
        };
        Ok(match host.as_str() {
            "ghcr.io" => Self::Ghcr,
            "registry.gitlab.com" => Self::GitLab,
            public if ECR_PUBLIC.contains(&public) => Self::EcrPublic,
            hub if ImageReference::DOCKER_HUB_NAMES.contains(&hub) => Self::DockerHub,
            _ if AZURE.iter().any(|domain| is_azure(domain)) => Self::Acr,
            _ => Self::Other,
        })
    }
}

/// The host without its port. The colons within the brackets of an IPv6 address are not a port.
fn without_port(registry: &str) -> &str {
    match registry.rsplit_once(':') {
        Some((host, _)) if !registry.ends_with(']') => host,
        _ => registry,
    }
}

/// The names of ECR Public; the first is the canonical one.
pub(super) const ECR_PUBLIC: [&str; 2] = ["public.ecr.aws", "ecr-public.aws.com"];

/// The canonical name of a registry: the host in lower case, without the default port. Registries
/// with several names have one canonical name.
pub(in crate::plan) fn canonical_name(registry: &str) -> String {
    let registry = registry.to_ascii_lowercase();
    match registry.strip_suffix(":443").unwrap_or(&registry) {
        hub if ImageReference::DOCKER_HUB_NAMES.contains(&hub) => ImageReference::DOCKER_HUB.to_owned(),
        host if ECR_PUBLIC.contains(&host) => ECR_PUBLIC[0].to_owned(),
        host => host.to_owned(),
    }
}
