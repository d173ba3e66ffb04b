//! Which registry is tried, and which image in it.

use http::Uri;

use crate::error::{Class, Explain, Link};
use crate::task::{ImageReference, ImageReferenceError};

/// A registry, and an image in it if one was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    host: String,
    pub(super) image: Option<(String, String)>,
    pub(super) has_tag: bool,
}

/// A text that names no registry.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` names no registry")]
pub struct TargetError {
    text: String,
    source: Option<ImageReferenceError>,
}

impl Explain for TargetError {
    fn link(&self) -> Link {
        Link::Registry
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        self.text.clone()
    }

    fn hint(&self) -> Option<String> {
        Some("give its host, and a repository if need be: `ghcr.io`, `docker.io/team/app`, `registry.example:5000/app:1.0`".to_owned())
    }
}

impl Target {
    /// Reads `HOST[:PORT][/REPOSITORY[:TAG]]`.
    ///
    /// # Errors
    /// [`TargetError`], also where Docker would take a text for a repository of Docker Hub.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let wrong = |source| TargetError { text: text.to_owned(), source };
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        if !(host.contains(['.', ':']) || host == "localhost") {
            return Err(wrong(None));
        }
        // Its grammar is an image's; a registry alone is given an image to have one.
        let whole = if path.is_empty() { format!("{host}/any") } else { text.to_owned() };
        let image = ImageReference::parse(&whole).map_err(|source| wrong(Some(source)))?;
        let version = image.version().as_str();
        let has_tag = path.contains([':', '@']);
        let host = image.registry().to_owned();
        let image = (!path.is_empty()).then(|| (image.repository().to_owned(), version.to_owned()));
        Ok(Self { host, image, has_tag })
    }

    /// The host that answers: Docker Hub's API is at another one than its name.
    #[must_use]
    pub fn host(&self) -> &str {
        super::answering(&self.host)
    }

    /// A path of its API.
    pub(super) fn uri(&self, path: &str) -> Option<Uri> {
        super::uri_at(&self.host, path)
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_registry_is_named_with_or_without_an_image() {
        let of = |text| Target::parse(text).unwrap();
        assert_eq!((of("ghcr.io").host(), of("ghcr.io").image), ("ghcr.io", None));
        assert_eq!(of("ghcr.io/team/app").image, Some(("team/app".to_owned(), "latest".to_owned())));
        assert_eq!(of("r.example:5000/app:1").image, Some(("app".to_owned(), "1".to_owned())));
        assert_eq!(of("docker.io").host(), "registry-1.docker.io");
        assert_eq!(of("docker.io/nginx").image, Some(("library/nginx".to_owned(), "latest".to_owned())));
        for text in ["", "ghcr", "team/app", "https://ghcr.io", "ghcr.io/Team", "ghcr.io:port", "a b.example"] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        let scheme = |text| Target::parse(text).unwrap().uri("/v2/").unwrap().scheme_str().unwrap().to_owned();
        for text in ["127.0.0.1:5000", "127.8.9.1", "localhost:5000", "[::1]:5000"] {
            assert_eq!(scheme(text), "http", "{text}");
        }
        for text in ["10.0.0.1:5000", "localhost.example", "127.0.0.1.example", "r.example:80"] {
            assert_eq!(scheme(text), "https", "{text}");
        }
    }
}
