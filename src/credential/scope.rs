//! Which images an entry's key covers: by whole path segments, most specific first.
//!
//! A login for `registry/team-a` is never shown for `registry/team-b` or
//! `registry/team-ab`; one for the host alone covers the host. A port is part of the host.

use crate::task::{ImageReference, RegistryHost};

/// What to do about a key that [`Scope::parse`] does not take.
pub(super) const WRITE_A_REGISTRY: &str = "write `host`, `host:port` or `host/path`; behind `/v1/` or `/v2/` a path could mean two things: leave that part out";

/// Whether Docker keeps something else than an image's login under this key of `auths`.
pub(super) fn is_no_login(key: &str) -> bool {
    let rest = key.strip_prefix(ImageReference::DOCKER_HUB_KEY);
    rest.is_some_and(|rest| ImageReference::DOCKER_HUB_BROWSER_TOKENS.contains(&rest))
}

/// What a key covers: a registry, or a path in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    host: RegistryHost,
    /// Whole segments joined by `/`; empty for the whole host.
    path: String,
}

impl Scope {
    /// Reads a key in any of the forms that are in use: `host[:port][/path]`, with or without
    /// a scheme, a slash at the end, or the API's `/v1/` or `/v2/` for a path.
    pub(super) fn parse(key: &str) -> Option<Self> {
        let (host, path) = RegistryHost::parse_address(key)?;
        let path = match path.trim_end_matches('/') {
            "v1" | "v2" => "",
            // A repository behind the API's path, or one that is called so: guessing would leave
            // an image without its login.
            path if path.starts_with("v1/") || path.starts_with("v2/") => return None,
            path => path,
        };
        let is_valid = path.is_empty() || path.split('/').all(is_segment);
        is_valid.then(|| Self { host, path: path.to_owned() })
    }

    /// The whole registry of an image.
    pub(super) fn host_of(image: &ImageReference) -> Self {
        Self { host: RegistryHost::from_image(image), path: String::new() }
    }

    /// How much of the image's name it holds, if it covers the image: more is more specific.
    pub(super) fn covers(&self, image: &ImageReference) -> Option<usize> {
        let whole = Self { path: image.repository().to_owned(), ..Self::host_of(image) };
        self.contains(&whole).then_some(self.path.len())
    }

    /// Whether every image that the other covers is covered by this one.
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

/// The registry of a scope's name as a helper is asked for it.
pub(super) fn server_of(name: &str) -> &str {
    match name.split('/').next().unwrap_or_default() {
        ImageReference::DOCKER_HUB => ImageReference::DOCKER_HUB_KEY,
        host => host,
    }
}

fn is_segment(text: &str) -> bool {
    let is_of_a_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    !text.is_empty() && text.bytes().all(is_of_a_name)
}

#[cfg(test)]
mod tests {
    use super::{Scope, server_of};
    use crate::task::ImageReference;

    fn covers(key: &str, image: &str) -> Option<usize> {
        Scope::parse(key).unwrap_or_else(|| panic!("{key}")).covers(&ImageReference::parse(image).unwrap())
    }

    #[test]
    fn a_key_covers_its_registry_or_its_path_and_nothing_beside_it() {
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
            ("reg.example:443", "reg.example/app"),
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
    fn a_longer_path_is_more_specific() {
        let image = "reg.example/a/b/c";
        let of = |key| covers(key, image).unwrap();
        assert!(of("reg.example") < of("reg.example/a") && of("reg.example/a") < of("reg.example/a/b"));
    }

    #[test]
    fn what_is_no_registry_is_refused() {
        let keys =
            ["", "/", "https://", "me:pass@reg.example", "https://me:pass@reg.example/", "*.example", "reg example"];
        let more =
            ["unix:///x", "reg.example:", "reg.example:port", "reg.example//a", "reg.example/a:v1", "reg..example"];
        for key in keys.iter().chain(&more) {
            assert_eq!(Scope::parse(key), None, "{key}");
        }
    }

    #[test]
    fn a_path_behind_the_apis_own_is_refused_as_it_could_mean_two_things() {
        for key in ["https://reg.example/v2/team", "https://index.docker.io/v1/team", "reg.example/v1/a/b"] {
            assert_eq!(Scope::parse(key), None, "{key}");
        }
        assert_eq!(Scope::parse("reg.example/v1beta/team").unwrap().name(), "reg.example/v1beta/team");
    }

    #[test]
    fn a_helper_is_asked_by_host_and_for_docker_hub_by_its_old_key() {
        assert_eq!(server_of("reg.example:5000/team-a"), "reg.example:5000");
        assert_eq!(server_of("docker.io/team"), "https://index.docker.io/v1/");
    }
}
