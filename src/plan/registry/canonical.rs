//! One name for each registry.

use crate::task::ImageReference;

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
