//! The registry, and optionally the image, against which a login is checked.

use super::endpoint::api_host;
use crate::error::{Class, Excerpt, Explain, Link};
use crate::task::{Field, ImageReference, ImageReferenceError};

/// A registry, and an image in it if one is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginTarget {
    /// The image; an example if the user named only the registry.
    reference: ImageReference,
    precision: TargetPrecision,
}

/// How much of an image the user named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetPrecision {
    /// The registry alone, without a repository.
    Registry,
    /// The repository; the tag is then `latest`.
    Repository,
    /// The repository with a tag or digest.
    Version,
}

/// A text that does not name a registry.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` does not name a registry")]
pub struct LoginTargetError {
    text: Excerpt,
    source: Option<ImageReferenceError>,
}

impl Explain for LoginTargetError {
    fn link(&self) -> Link {
        Link::Registry
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        self.text.to_string()
    }

    fn hint(&self) -> Option<String> {
        Some("give the host, and optionally a repository: `ghcr.io`, `docker.io/team/app`, `registry.example:5000/app:1.0`".to_owned())
    }
}

impl LoginTarget {
    /// Parses `HOST[:PORT][/REPOSITORY[:TAG]]`.
    ///
    /// # Errors
    /// [`LoginTargetError`], also for a text that Docker would treat as a repository of Docker Hub.
    pub fn parse(text: &str) -> Result<Self, LoginTargetError> {
        let error = |source| LoginTargetError { text: Field::RegistryHost.text(text).whole(), source };
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        if !(host.contains(['.', ':']) || host == "localhost") {
            return Err(error(None));
        }
        // The grammar is that of an image, so a host without one is parsed with an example image.
        let (reference, precision) = match path {
            "" => (format!("{host}/any"), TargetPrecision::Registry),
            path if path.contains([':', '@']) => (text.to_owned(), TargetPrecision::Version),
            _ => (text.to_owned(), TargetPrecision::Repository),
        };
        let reference = ImageReference::parse(&reference).map_err(|source| error(Some(source)))?;
        Ok(Self { reference, precision })
    }

    /// The host that receives the requests. For Docker Hub it differs from the registry's name.
    #[must_use]
    pub fn host(&self) -> &str {
        api_host(self.reference.registry())
    }

    /// The image, also if the user named only a part of it.
    pub(super) fn reference(&self) -> &ImageReference {
        &self.reference
    }

    /// The image that the user named; `None` for a registry alone.
    pub(super) fn image(&self) -> Option<&ImageReference> {
        (self.precision != TargetPrecision::Registry).then_some(&self.reference)
    }

    /// Whether the user gave a tag or digest.
    pub(super) fn has_version(&self) -> bool {
        self.precision == TargetPrecision::Version
    }

    /// The target as an error names it: the host, or the whole image.
    pub(super) fn name(&self) -> String {
        self.image().map_or_else(|| self.host().to_owned(), ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::LoginTarget;

    #[test]
    fn a_target_is_a_registry_with_or_without_an_image() {
        let image = |text| {
            let target = LoginTarget::parse(text).unwrap();
            target.image().map(|image| format!("{image} {}", target.has_version()))
        };
        assert_eq!(image("ghcr.io"), None);
        assert_eq!(image("ghcr.io/team/app").as_deref(), Some("ghcr.io/team/app:latest false"));
        assert_eq!(image("r.example:5000/app:1").as_deref(), Some("r.example:5000/app:1 true"));
        assert_eq!(image("docker.io/nginx").as_deref(), Some("docker.io/library/nginx:latest false"));
        assert_eq!(image("index.docker.io/nginx:1").as_deref(), Some("docker.io/library/nginx:1 true"));
        assert_eq!(image("r.example:443/key/team/app:1").as_deref(), Some("r.example:443/key/team/app:1 true"));
        for hub in ["docker.io", "index.docker.io", "registry-1.docker.io", "docker.io/library/nginx"] {
            assert_eq!(LoginTarget::parse(hub).unwrap().host(), "registry-1.docker.io");
        }
        for text in ["", "ghcr", "team/app", "https://ghcr.io", "ghcr.io/Team", "ghcr.io:port", "a b.example"] {
            assert!(LoginTarget::parse(text).is_err(), "{text}");
        }
    }
}
