//! Image references: which registry, which repository, which tag or digest.
//!
//! The grammar is that of the `distribution/reference` specification; the defaults are Docker's
//! (A18, F1, F2). taskpull has its own parser because the registry that it finds decides which
//! login is used, and because its errors must name the part that is wrong.

use std::fmt;
use std::sync::Arc;

use super::image_error::ImageReferenceError;
use super::image_grammar::{DOCKER_HUB, check_repository, parse_digest, parse_tag, split_registry};
use super::image_parts::check_parts;
use super::slip::{Field, Slip};

/// `[registry/]repository[:tag][@digest]`, with Docker's defaults filled in.
///
/// Two texts that name the same image (`nginx`, `docker.io/library/nginx:latest`) are equal
/// values. A clone is cheap, because thousands of pulls have several each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageReference(Arc<Parts>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Parts {
    registry: String,
    repository: String,
    version: ImageVersion,
}

impl ImageReference {
    /// Docker Hub's canonical host.
    pub const DOCKER_HUB: &'static str = DOCKER_HUB;

    /// The names of Docker Hub in lower case; engines treat them as one registry.
    pub const DOCKER_HUB_NAMES: [&'static str; 3] = [Self::DOCKER_HUB, "index.docker.io", "registry-1.docker.io"];

    /// The key under which Docker and its helpers store Docker Hub's login.
    pub const DOCKER_HUB_KEY: &'static str = "https://index.docker.io/v1/";

    /// The keys below [`Self::DOCKER_HUB_KEY`] of a login by browser. Their tokens do not pull images.
    pub const DOCKER_HUB_BROWSER_TOKENS: [&'static str; 2] = ["access-token", "refresh-token"];

    /// Parses a reference.
    ///
    /// # Errors
    /// [`ImageReferenceError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ImageReferenceError> {
        if text.trim().is_empty() {
            return Err(ImageReferenceError::Empty);
        }
        if let Some(slip) = Slip::find(Field::Image, text) {
            return Err(slip.into());
        }
        let input = &Field::Image.text(text);
        check_parts(input, text)?;
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(parse_digest(input, digest)?)),
            None => (text, None),
        };
        let (registry, rest) = split_registry(input, rest)?;
        if rest.contains("::") {
            return Err(ImageReferenceError::DoubleColon);
        }
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(parse_tag(input, tag)?)),
            None => (rest, None),
        };
        check_repository(input, path)?;
        let repository = if registry == Self::DOCKER_HUB && !path.contains('/') {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        let length = registry.len() + 1 + repository.len();
        if length > 255 {
            return Err(ImageReferenceError::Long(length));
        }
        let version = match (digest, tag) {
            (Some(digest), _) => ImageVersion::Digest(digest),
            (None, tag) => ImageVersion::Tag(tag.unwrap_or_else(|| "latest".to_owned())),
        };
        Ok(Self(Arc::new(Parts { registry, repository, version })))
    }

    /// The host and port of the registry as written, because the engine stores images under this
    /// name. Docker Hub is `docker.io`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.0.registry
    }

    /// The whole path of the repository in its registry, such as `team/app`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.0.repository
    }

    /// The tag or digest; a reference without either has the tag `latest`.
    #[must_use]
    pub fn version(&self) -> &ImageVersion {
        &self.0.version
    }

    /// The image with this digest in the same repository.
    #[must_use]
    pub fn with_digest(&self, digest: &str) -> Self {
        Self(Arc::new(Parts { version: ImageVersion::Digest(digest.to_owned()), ..Parts::clone(&self.0) }))
    }

    /// The same tag or digest under a different name, `registry/repository`.
    ///
    /// # Errors
    /// [`ImageReferenceError`], naming the part that is wrong.
    pub fn with_name(&self, name: &str) -> Result<Self, ImageReferenceError> {
        let separator = if matches!(self.0.version, ImageVersion::Digest(_)) { '@' } else { ':' };
        let renamed = Self::parse(&format!("{name}{separator}{}", self.0.version.as_str()))?;
        // A host without a path would become the name of an image of Docker Hub.
        if renamed.name() == name {
            Ok(renamed)
        } else {
            Err(ImageReferenceError::Repository(Field::Image.text(name).whole()))
        }
    }

    /// `registry/repository`, without tag or digest.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.0.registry, self.0.repository)
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { registry, repository, version } = &*self.0;
        match version {
            ImageVersion::Tag(tag) => write!(f, "{registry}/{repository}:{tag}"),
            ImageVersion::Digest(digest) => write!(f, "{registry}/{repository}@{digest}"),
        }
    }
}

/// The tag or digest of an image reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImageVersion {
    /// A tag, which can be moved to a different image.
    Tag(String),
    /// A digest, which always names the same image. A tag in front of it has no effect and is
    /// dropped.
    Digest(String),
}

impl ImageVersion {
    /// The text of the tag or digest.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Tag(text) | Self::Digest(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ImageReference, ImageReferenceError as Error};
    use crate::task::Field;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn omitted_parts_get_dockers_defaults() {
        let table = [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.27", "docker.io/library/nginx:1.27"),
            ("private-repo/private-image", "docker.io/private-repo/private-image:latest"),
            ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
            ("registry-1.docker.io/team/app", "registry-1.docker.io/team/app:latest"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000/app:1", "localhost:5000/app:1"),
            ("registry.example/app", "registry.example/app:latest"),
            ("Registry.Example:443/team/app", "Registry.Example:443/team/app:latest"),
            ("[::1]:5000/app", "[::1]:5000/app:latest"),
            ("a/b/c/d__e.f--g", "docker.io/a/b/c/d__e.f--g:latest"),
        ];
        for (text, whole) in table {
            assert_eq!(ImageReference::parse(text).map(|r| r.to_string()), Ok(whole.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_digest_replaces_a_tag() {
        let reference = ImageReference::parse(&format!("registry.example/app:1.0@{DIGEST}")).unwrap();
        assert_eq!(reference.to_string(), format!("registry.example/app@{DIGEST}"));
    }

    #[test]
    fn the_error_names_the_part_that_is_wrong() {
        let excerpt = |text: &str| Field::Image.text(text).whole();
        let table = [
            ("", Error::Empty),
            ("  ", Error::Empty),
            (
                "https://registry.example/app",
                Error::Scheme { scheme: excerpt("https://"), rest: excerpt("registry.example/app") },
            ),
            ("registry.example/app::1.0", Error::DoubleColon),
            ("registry.example:port/app", Error::Registry(excerpt("registry.example:port"))),
            ("registry.example:0/app", Error::Registry(excerpt("registry.example:0"))),
            ("-registry.example/app", Error::Registry(excerpt("-registry.example"))),
            ("[::1/app", Error::Registry(excerpt("[::1"))),
            ("registry.example/App", Error::UpperCase(excerpt("App"))),
            ("registry.example//app", Error::Repository(excerpt("/app"))),
            ("a...b/c", Error::Registry(excerpt("a...b"))),
            ("registry.example/a..b", Error::Repository(excerpt("a..b"))),
            ("registry.example/app:.1", Error::Tag(excerpt(".1"))),
            ("registry.example/app:1.0:2", Error::Tag(excerpt("1.0:2"))),
            ("registry.example/app@sha256:12", Error::Digest(excerpt("sha256:12"))),
            ("registry.example/app@latest", Error::Digest(excerpt("latest"))),
        ];
        for (text, error) in table {
            assert_eq!(ImageReference::parse(text), Err(error), "{text}");
        }
        assert_eq!(ImageReference::parse(&"a".repeat(300)), Err(Error::Long(318)));
        assert!(matches!(ImageReference::parse(&format!("a:{}", "t".repeat(129))), Err(Error::Tag(_))));
    }
}
