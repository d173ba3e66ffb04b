//! Which image a server's address in a Docker configuration is meant for.
//!
//! Docker writes one registry in several ways: with and without a scheme, a last slash,
//! `/v1/`, and Docker Hub under three hosts. Beside the host, an address may name the
//! beginning of a repository's path. It is compared by whole segments, so that a login for
//! `reg/team-a` never goes to `reg/team-ab`.

use crate::task::ImageReference;

/// How exactly an address names an image: the segments of the path it names, or none when
/// it is another registry or another path.
pub(super) fn exactness(address: &str, image: &ImageReference) -> Option<usize> {
    let without_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (host, path) = without_scheme.split_once('/').unwrap_or((without_scheme, ""));
    if host.is_empty() || canonical(host) != canonical(image.registry()) {
        return None;
    }
    let path = path.trim_end_matches('/');
    // The two versions of the registry's own API, which are part of no repository.
    if matches!(path, "" | "v1" | "v2") {
        return Some(0);
    }
    let mut repository = image.repository().split('/');
    let segments: Vec<&str> = path.split('/').collect();
    segments.iter().all(|segment| repository.next() == Some(segment)).then_some(segments.len())
}

fn canonical(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    match host.as_str() {
        "index.docker.io" | "registry-1.docker.io" => ImageReference::DOCKER_HUB.to_owned(),
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::exactness;
    use crate::task::ImageReference;

    #[test]
    fn an_address_is_known_in_every_form_that_docker_writes() {
        let ours = ImageReference::parse("registry.example:5000/team-a/app/web:1").unwrap();
        let hub = ImageReference::parse("nginx").unwrap();
        let table = [
            ("registry.example:5000", &ours, Some(0)),
            ("https://registry.example:5000", &ours, Some(0)),
            ("http://REGISTRY.example:5000/", &ours, Some(0)),
            ("https://registry.example:5000/v1/", &ours, Some(0)),
            ("https://registry.example:5000/v2/", &ours, Some(0)),
            ("registry.example:5000/team-a", &ours, Some(1)),
            ("https://registry.example:5000/team-a/app/", &ours, Some(2)),
            ("registry.example:5000/team-a/app/web", &ours, Some(3)),
            ("registry.example:5000/team-a/app/web/more", &ours, None),
            ("registry.example:5000/team", &ours, None),
            ("registry.example:5000/team-ab", &ours, None),
            ("registry.example:5000/team-b", &ours, None),
            ("registry.example", &ours, None),
            ("registry.example:5000.evil.example", &ours, None),
            ("", &ours, None),
            ("/", &ours, None),
            ("https://index.docker.io/v1/", &hub, Some(0)),
            ("index.docker.io", &hub, Some(0)),
            ("docker.io", &hub, Some(0)),
            ("https://registry-1.docker.io/v2/", &hub, Some(0)),
            ("docker.io/library", &hub, Some(1)),
            ("https://index.docker.io/v1/access-token", &hub, None),
        ];
        for (address, image, expected) in table {
            assert_eq!(exactness(address, image), expected, "{address}");
        }
    }
}
