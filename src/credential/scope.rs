//! The images that a key of `auths` covers: by whole path segments, the most specific key first.
//!
//! A login for `registry/team-a` is never sent for `registry/team-b` or `registry/team-ab`; one for
//! the host alone covers the host. A port is part of the host.

use crate::task::{ImageReference, RegistryHost};

/// The hint for a key that [`Scope::parse`] rejects.
pub(super) const REGISTRY_KEY_HINT: &str =
    "write `host`, `host:port` or `host/path`; remove `/v1/` or `/v2/` in front of a path, because it is ambiguous";

/// The hint for two entries of one registry with different logins.
pub(super) const SAME_REGISTRY_HINT: &str = "remove one of them: a registry is the same with and without `https://`, a trailing slash and `/v1/`, and docker.io, index.docker.io and registry-1.docker.io are one registry";

/// Whether Docker stores a token of its login by browser under this key of `auths`, which is not a
/// login for images.
pub(super) fn is_browser_token_key(key: &str) -> bool {
    let rest = key.strip_prefix(ImageReference::DOCKER_HUB_KEY);
    rest.is_some_and(|rest| ImageReference::DOCKER_HUB_BROWSER_TOKENS.contains(&rest))
}

/// The registry, or the path in one, that a key covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    host: RegistryHost,
    /// Whole segments joined by `/`; empty for the whole host.
    path: String,
}

impl Scope {
    /// Parses a key in any form that is in use: `host[:port][/path]`, with or without a scheme and a
    /// trailing slash; in place of a path also the API's `/v1/` or `/v2/`.
    pub(super) fn parse(key: &str) -> Option<Self> {
        let (host, path) = RegistryHost::parse_address(key)?;
        let path = match path.trim_end_matches('/') {
            "v1" | "v2" => "",
            // The text is either a repository after the path of the API, or a repository with such
            // a name. A wrong guess would leave an image without its login.
            path if path.starts_with("v1/") || path.starts_with("v2/") => return None,
            path => path,
        };
        let is_valid = path.is_empty() || path.split('/').all(is_segment);
        is_valid.then(|| Self { host, path: path.to_owned() })
    }

    /// The whole registry of an image.
    pub(super) fn whole_registry(image: &ImageReference) -> Self {
        Self { host: RegistryHost::from_image(image), path: String::new() }
    }

    /// How specific this scope is for an image; `None` if it does not cover the image. The default
    /// port is the same registry with and without its number.
    pub(super) fn specificity_for(&self, image: &ImageReference) -> Option<Specificity> {
        let host = RegistryHost::from_image(image);
        let has_exact_host = self.host == host;
        let is_covered = has_exact_host || without_default_port(&self.host) == without_default_port(&host);
        let image = Self { host: self.host.clone(), path: image.repository().to_owned() };
        (is_covered && self.contains(&image)).then_some(Specificity { path_length: self.path.len(), has_exact_host })
    }

    /// Whether this scope covers every image that the other one covers.
    pub(super) fn contains(&self, other: &Self) -> bool {
        let rest = other.path.strip_prefix(&self.path);
        self.host == other.host
            && rest.is_some_and(|rest| self.path.is_empty() || rest.is_empty() || rest.starts_with('/'))
    }

    /// `host` or `host/path`, as reports show it.
    pub(super) fn name(&self) -> String {
        let host = self.host.as_str();
        if self.path.is_empty() { host.to_owned() } else { format!("{host}/{}", self.path) }
    }
}

/// How specific a scope is for an image that it covers; the greater one has precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Specificity {
    pub path_length: usize,
    /// Whether the port is written, or left out, as in the image.
    has_exact_host: bool,
}

/// The name of an entry of `auths` in an error: its key if that is certainly an address, otherwise its
/// number, because a login may be in the wrong place.
pub(super) fn entry_name(number: usize, key: &str) -> String {
    let is_address = |scope: Scope| {
        let host = scope.host.as_str();
        host.contains(['.', ':']) || host == "localhost"
    };
    if Scope::parse(key).is_some_and(is_address) { format!("`{}`", key.trim()) } else { format!("entry {number}") }
}

fn without_default_port(host: &RegistryHost) -> &str {
    host.as_str().strip_suffix(":443").unwrap_or(host.as_str())
}

/// The name under which a credential helper knows the registry of a scope's name.
pub(super) fn helper_server(name: &str) -> &str {
    match name.split('/').next().unwrap_or_default() {
        ImageReference::DOCKER_HUB => ImageReference::DOCKER_HUB_KEY,
        host => host,
    }
}

fn is_segment(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    !text.is_empty() && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Scope, Specificity, helper_server};
    use crate::task::ImageReference;

    fn covers(key: &str, image: &str) -> Option<Specificity> {
        Scope::parse(key).unwrap_or_else(|| panic!("{key}")).specificity_for(&ImageReference::parse(image).unwrap())
    }

    #[test]
    fn key_covers_only_its_registry_or_its_path() {
        let yes = [
            ("reg.example", "reg.example/app"),
            ("reg.example", "reg.example/team-a/app:v1"),
            ("reg.example/", "reg.example/app"),
            ("https://reg.example", "reg.example/app"),
            ("https://reg.example/", "reg.example/app"),
            ("http://reg.example", "reg.example/app"),
            ("HTTPS://Reg.Example", "reg.example/app"),
            ("reg.example", "Reg.Example/app"),
            ("https://reg.example/v1/", "reg.example/app"),
            ("https://reg.example/v2/", "reg.example/app"),
            ("reg.example/v2", "reg.example/app"),
            ("reg.example:5000", "reg.example:5000/app"),
            ("https://reg.example:5000/v1/", "reg.example:5000/app"),
            ("reg.example:443", "reg.example/app"),
            ("https://reg.example:443/v2/", "reg.example/app"),
            ("reg.example", "reg.example:443/app"),
            ("reg.example/team-a", "reg.example/team-a/app"),
            ("reg.example/team-a", "reg.example/team-a"),
            ("reg.example/team-a/", "reg.example/team-a/app"),
            ("https://reg.example/team-a", "reg.example/team-a/x/y"),
            ("reg.example/team-a/app", "reg.example/team-a/app:v1"),
            ("localhost:5000", "localhost:5000/app"),
            ("[::1]:5000", "[::1]:5000/app"),
            ("docker.io", "nginx"),
            ("index.docker.io", "nginx"),
            ("registry-1.docker.io", "nginx"),
            ("https://index.docker.io/v1/", "team/app"),
            ("https://index.docker.io/v1", "docker.io/team/app"),
            ("https://registry-1.docker.io/v2/", "index.docker.io/team/app"),
            ("docker.io", "registry-1.docker.io/team/app"),
            ("docker.io/team", "team/app"),
            ("docker.io/library", "nginx"),
        ];
        for (key, image) in yes {
            assert!(covers(key, image).is_some(), "{key} covers {image}");
        }
        let no = [
            ("reg.example/team-a", "reg.example/team-b/app"),
            ("reg.example/team-a", "reg.example/team-ab/app"),
            ("reg.example/team-a", "reg.example/team/app"),
            ("reg.example/team-a", "reg.example/x/team-a/app"),
            ("reg.example/team-a/app", "reg.example/team-a/app2"),
            ("reg.example/team-a/app", "reg.example/team-a"),
            ("reg.example", "reg.example:5000/app"),
            ("reg.example:5000", "reg.example/app"),
            ("reg.example:5000", "reg.example:500/app"),
            ("reg.example:4433", "reg.example/app"),
            ("reg.example:80", "reg.example/app"),
            ("reg.example", "reg.example.org/app"),
            ("reg.example", "my-reg.example/app"),
            ("reg.example", "sub.reg.example/app"),
            ("example", "reg.example/app"),
            ("docker.io", "docker.io.example/app"),
            ("docker.io", "reg.example/docker.io/app"),
            ("docker.io/team", "team-b/app"),
            ("docker.io/nginx", "nginx"),
            ("team", "team/app"),
        ];
        for (key, image) in no {
            assert_eq!(covers(key, image), None, "{key} does not cover {image}");
        }
    }

    #[test]
    fn longer_path_is_more_specific() {
        let image = "reg.example/a/b/c";
        let specificity = ["reg.example", "reg.example/a", "reg.example/a/b"].map(|key| covers(key, image).unwrap());
        assert!(specificity.is_sorted() && specificity[0] < specificity[1] && specificity[1] < specificity[2]);
    }

    #[test]
    fn key_that_is_not_a_registry_is_rejected() {
        let keys =
            ["", "/", "https://", "me:pass@reg.example", "https://me:pass@reg.example/", "*.example", "reg example"];
        let more =
            ["unix:///x", "reg.example:", "reg.example:port", "reg.example//a", "reg.example/a:v1", "reg..example"];
        for key in keys.iter().chain(&more) {
            assert_eq!(Scope::parse(key), None, "{key}");
        }
    }

    #[test]
    fn path_after_the_path_of_the_api_is_rejected_as_ambiguous() {
        for key in ["https://reg.example/v2/team", "https://index.docker.io/v1/team", "reg.example/v1/a/b"] {
            assert_eq!(Scope::parse(key), None, "{key}");
        }
        assert_eq!(Scope::parse("reg.example/v1beta/team").unwrap().name(), "reg.example/v1beta/team");
    }

    #[test]
    fn entry_with_the_port_as_in_the_image_has_precedence() {
        let image = "reg.example/app";
        assert!(covers("reg.example", image) > covers("reg.example:443", image));
        assert!(covers("reg.example:443", "reg.example:443/app") > covers("reg.example", "reg.example:443/app"));
        assert!(covers("reg.example:443/app", image) > covers("reg.example", image));
    }

    #[test]
    fn entry_is_named_by_its_key_only_if_that_is_an_address() {
        for key in ["reg.example", "https://index.docker.io/v1/", "localhost", "localhost:5000"] {
            assert_eq!(super::entry_name(2, key), format!("`{key}`"));
        }
        for key in ["alice", "me:hunter2@reg.example", "hunter2", ""] {
            assert_eq!(super::entry_name(2, key), "entry 2");
        }
    }

    #[test]
    fn helper_gets_the_host_or_the_old_key_of_docker_hub() {
        assert_eq!(helper_server("reg.example:5000/team-a"), "reg.example:5000");
        assert_eq!(helper_server("docker.io/team"), "https://index.docker.io/v1/");
    }

    fn segments() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[a-z0-9]{1,6}", 1..5)
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_a_name_parses_to_its_scope(key: String) {
            if let Some(scope) = Scope::parse(&key) {
                prop_assert_eq!(Scope::parse(&scope.name()), Some(scope));
            }
        }

        #[test]
        fn key_covers_an_image_exactly_if_its_path_is_a_prefix(key in segments(), image in segments()) {
            let scope = Scope::parse(&format!("https://reg.example:5000/{}/", key.join("/")));
            let image_name = ImageReference::parse(&format!("reg.example:5000/{}", image.join("/"))).unwrap();
            // A path that begins with the path of the API is ambiguous.
            prop_assume!(!matches!(key[0].as_str(), "v1" | "v2"));
            let specificity = scope.unwrap().specificity_for(&image_name);
            prop_assert_eq!(specificity.is_some(), image.starts_with(&key));
            prop_assert!(specificity.is_none_or(|found| found.path_length == key.join("/").len()));
        }
    }
}
