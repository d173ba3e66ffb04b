//! The addresses of a registry's API.

use std::net::IpAddr;

use http::Uri;

use crate::task::ImageReference;

/// Whether a host, with or without a port, is a name of this machine: an address of 127.0.0.0/8,
/// `[::1]` or `localhost`.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = match host.rfind(':') {
        Some(colon) if !host.ends_with(']') => &host[..colon],
        _ => host,
    };
    let address = name.trim_matches(['[', ']']).parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The host of a registry's API. For Docker Hub it differs from the registry's name.
pub(super) fn api_host(registry: &str) -> &str {
    if registry == ImageReference::DOCKER_HUB { "registry-1.docker.io" } else { registry }
}

/// The URI of a path of a registry's API. A registry on this machine is used without TLS, as
/// engines do.
pub(super) fn api_uri(registry: &str, path: &str) -> Option<Uri> {
    let scheme = if is_loopback(registry) { "http" } else { "https" };
    format!("{scheme}://{}{path}", api_host(registry)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::api_uri;

    #[test]
    fn only_registries_on_this_machine_are_used_without_tls() {
        for (registry, uri) in [
            ("127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
            ("127.9.9.9", "http://127.9.9.9/v2/"),
            ("localhost", "http://localhost/v2/"),
            ("localhost:5000", "http://localhost:5000/v2/"),
            ("[::1]:5000", "http://[::1]:5000/v2/"),
            ("127.0.0.1.example.com", "https://127.0.0.1.example.com/v2/"),
            ("localhost.example", "https://localhost.example/v2/"),
            ("10.0.0.1:5000", "https://10.0.0.1:5000/v2/"),
            ("r.example:80", "https://r.example:80/v2/"),
            ("docker.io", "https://registry-1.docker.io/v2/"),
        ] {
            assert_eq!(api_uri(registry, "/v2/").unwrap(), uri, "{registry}");
        }
    }
}
