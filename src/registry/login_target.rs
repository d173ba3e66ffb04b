//! The registry, and optionally the image, against which a login is checked.

use super::endpoint::api_host;
use crate::error::{Class, Excerpt, Explain, Link};
use crate::task::{Field, ImageReference, ImageReferenceError};

/// A registry, and an image in it if one is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginTarget {
    pub(super) registry: String,
    pub(super) image: Option<TargetImage>,
}

/// An image in the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TargetImage {
    /// The path of the repository.
    pub repository: String,
    /// The tag or digest.
    pub version: String,
    /// Whether the user gave the tag or digest; else it is `latest`.
    pub has_version: bool,
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
        let reference = if path.is_empty() { format!("{host}/any") } else { text.to_owned() };
        let reference = ImageReference::parse(&reference).map_err(|source| error(Some(source)))?;
        let image = (!path.is_empty()).then(|| TargetImage {
            repository: reference.repository().to_owned(),
            version: reference.version().as_str().to_owned(),
            has_version: path.contains([':', '@']),
        });
        Ok(Self { registry: reference.registry().to_owned(), image })
    }

    /// The host that receives the requests. For Docker Hub it differs from the registry's name.
    #[must_use]
    pub fn host(&self) -> &str {
        api_host(&self.registry)
    }
}

#[cfg(test)]
mod tests {
    use super::LoginTarget;

    #[test]
    fn a_target_is_a_registry_with_or_without_an_image() {
        let image = |text| {
            let image = LoginTarget::parse(text).unwrap().image;
            image.map(|image| format!("{} {} {}", image.repository, image.version, image.has_version))
        };
        assert_eq!(image("ghcr.io"), None);
        assert_eq!(image("ghcr.io/team/app").as_deref(), Some("team/app latest false"));
        assert_eq!(image("r.example:5000/app:1").as_deref(), Some("app 1 true"));
        assert_eq!(image("docker.io/nginx").as_deref(), Some("library/nginx latest false"));
        assert_eq!(LoginTarget::parse("docker.io").unwrap().host(), "registry-1.docker.io");
        for text in ["", "ghcr", "team/app", "https://ghcr.io", "ghcr.io/Team", "ghcr.io:port", "a b.example"] {
            assert!(LoginTarget::parse(text).is_err(), "{text}");
        }
    }
}
