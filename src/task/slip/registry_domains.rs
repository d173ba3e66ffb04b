//! The hosts of known registries.

/// Hosts of registries, and domains whose subdomains are registries.
const DOMAINS: [&str; 34] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "on.aws",
    "on.amazonwebservices.com.cn",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "public.ecr.aws",
    "ecr-public.aws.com",
    "docker.io",
    "registry.hub.docker.com",
    "ghcr.io",
    "docker.pkg.github.com",
    "quay.io",
    "gcr.io",
    "pkg.dev",
    "azurecr.io",
    "azurecr.cn",
    "azurecr.us",
    "mcr.microsoft.com",
    "registry.gitlab.com",
    "registry.k8s.io",
    "registry.redhat.io",
    "registry.access.redhat.com",
    "nvcr.io",
    "docker.elastic.co",
    "cgr.dev",
    "dhi.io",
    "jfrog.io",
    "icr.io",
    "ocir.io",
    "registry.digitalocean.com",
];

/// Whether a text is the host of a known registry, without a port and without a repository.
pub(in crate::task) fn is_registry_host(text: &str) -> bool {
    let host = text.to_ascii_lowercase();
    DOMAINS.iter().any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}
