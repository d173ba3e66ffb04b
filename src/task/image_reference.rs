//! Image references: which registry, which repository, which tag or digest.
//!
//! The grammar is that of the `distribution/reference` specification; the defaults are
//! Docker's (A18, F1, F2). It is our own parser because the registry it finds decides
//! who is shown a password, and because its errors must say what is wrong.

use std::fmt;
use std::sync::Arc;

/// `[registry/]repository[:tag][@digest]`, with Docker's defaults filled in.
///
/// Two texts that name the same image (`nginx`, `docker.io/library/nginx:latest`) are
/// equal values. A copy is cheap: thousands of pulls have several of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageReference(Arc<Parts>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Parts {
    registry: String,
    repository: String,
    version: Version,
}

/// What within the repository is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// A tag, which can move.
    Tag(String),
    /// A digest, which cannot. A tag beside it has no effect and is dropped.
    Digest(String),
}

/// Why a text is not an image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageReferenceError {
    /// Nothing, or only white space.
    #[error("the image is empty")]
    Empty,
    /// `https://…`.
    #[error("an image reference has no scheme, this begins with `{0}`")]
    Scheme(String),
    /// `name::tag`, a mistake that the services' own documents print.
    #[error("two colons stand before the tag")]
    DoubleColon,
    /// The part before the first slash cannot be a registry's host and port.
    #[error("`{0}` is not a registry's host and port")]
    Registry(String),
    /// Upper case is allowed in a host and in a tag only.
    #[error("the repository `{0}` has upper-case letters")]
    UpperCase(String),
    /// A path component that does not follow the grammar.
    #[error("`{0}` is not a repository name")]
    Repository(String),
    /// Registry and repository together.
    #[error("the name has {0} characters, the limit is 255")]
    Long(usize),
    /// Not a tag.
    #[error("`{0}` is not a tag")]
    Tag(String),
    /// Not a digest.
    #[error("`{0}` is not a digest")]
    Digest(String),
}

impl ImageReferenceError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Empty => "give the container an `image`",
            Self::Scheme(_) => "leave the scheme out: `registry.example/team/app:1.0`",
            Self::DoubleColon => "one colon divides the repository from the tag: `team/app:1.0`",
            Self::UpperCase(_) => "repository names are lower case",
            Self::Tag(_) => "a tag has 1 to 128 letters, digits, `_`, `.` and `-`, and begins with none of `.` and `-`",
            Self::Digest(_) => "a digest is `sha256:` and 64 hexadecimal digits",
            Self::Registry(_) | Self::Repository(_) | Self::Long(_) => {
                "an image is `[registry[:port]/]repository[:tag][@digest]`"
            }
        };
        Some(hint.to_owned())
    }
}

impl ImageReference {
    /// Docker Hub's canonical host.
    pub const DOCKER_HUB: &'static str = "docker.io";

    /// Its names, in lower case: engines take them for one registry.
    pub const DOCKER_HUB_NAMES: [&'static str; 3] = [Self::DOCKER_HUB, "index.docker.io", "registry-1.docker.io"];

    /// The key under which Docker and its helpers have always kept Docker Hub's login.
    pub const DOCKER_HUB_KEY: &'static str = "https://index.docker.io/v1/";

    /// Behind [`Self::DOCKER_HUB_KEY`]: the keys of a login by browser, whose tokens are no image's.
    pub const DOCKER_HUB_BROWSER_TOKENS: [&'static str; 2] = ["access-token", "refresh-token"];

    /// Reads a reference.
    ///
    /// # Errors
    /// [`ImageReferenceError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ImageReferenceError> {
        if text.trim().is_empty() {
            return Err(ImageReferenceError::Empty);
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(ImageReferenceError::Scheme(format!("{scheme}://")));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(parse_digest(digest)?)),
            None => (text, None),
        };
        let (registry, rest) = split_registry(rest)?;
        if rest.contains("::") {
            return Err(ImageReferenceError::DoubleColon);
        }
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(parse_tag(tag)?)),
            None => (rest, None),
        };
        check_repository(path)?;
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
            (Some(digest), _) => Version::Digest(digest),
            (None, tag) => Version::Tag(tag.unwrap_or_else(|| "latest".to_owned())),
        };
        Ok(Self(Arc::new(Parts { registry, repository, version })))
    }

    /// The registry's host and port, as written: the engine keeps images under this name.
    /// Docker Hub is `docker.io`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.0.registry
    }

    /// The repository's whole path in its registry.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.0.repository
    }

    /// Tag or digest; always one of them.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.0.version
    }

    /// The image of the same repository that has this digest.
    #[must_use]
    pub fn at(&self, digest: &str) -> Self {
        Self(Arc::new(Parts { version: Version::Digest(digest.to_owned()), ..Parts::clone(&self.0) }))
    }

    /// The same tag or digest under another name, `registry/repository`.
    ///
    /// # Errors
    /// [`ImageReferenceError`], naming the part that is wrong.
    pub fn renamed(&self, name: &str) -> Result<Self, ImageReferenceError> {
        // A host alone would be the name of an image of Docker Hub's.
        let separator = if matches!(self.0.version, Version::Digest(_)) { '@' } else { ':' };
        let (Version::Tag(version) | Version::Digest(version)) = &self.0.version;
        let renamed = Self::parse(&format!("{name}{separator}{version}"))?;
        if renamed.name() == name { Ok(renamed) } else { Err(ImageReferenceError::Repository(name.to_owned())) }
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
            Version::Tag(tag) => write!(f, "{registry}/{repository}:{tag}"),
            Version::Digest(digest) => write!(f, "{registry}/{repository}@{digest}"),
        }
    }
}

/// Divides a name as Docker does: the first part is a registry when it has a dot or a
/// colon, is `localhost`, or has upper-case letters.
fn split_registry(name: &str) -> Result<(String, &str), ImageReferenceError> {
    let Some((first, rest)) = name.split_once('/') else {
        return Ok((ImageReference::DOCKER_HUB.to_owned(), name));
    };
    let is_registry =
        first.contains(['.', ':']) || first == "localhost" || first.bytes().any(|b| b.is_ascii_uppercase());
    if !is_registry {
        return Ok((ImageReference::DOCKER_HUB.to_owned(), name));
    }
    if !is_host_and_port(first) {
        return Err(ImageReferenceError::Registry(first.to_owned()));
    }
    // The two names that engines take for one registry, in this spelling.
    let registry = if first == "index.docker.io" { ImageReference::DOCKER_HUB } else { first };
    Ok((registry.to_owned(), rest))
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (None, port)
        }
        None => match text.find(':') {
            Some(colon) => (Some(&text[..colon]), &text[colon..]),
            None => (Some(text), ""),
        },
    };
    let port_is_well_formed = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port > 0)
        });
    let label_is_well_formed = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    port_is_well_formed && host.is_none_or(|host| host.split('.').all(label_is_well_formed))
}

fn check_repository(path: &str) -> Result<(), ImageReferenceError> {
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(ImageReferenceError::UpperCase(path.to_owned()));
    }
    if path.split('/').all(is_path_component) { Ok(()) } else { Err(ImageReferenceError::Repository(path.to_owned())) }
}

/// Letters and digits, joined by `.`, `_`, `__` or any number of `-`.
fn is_path_component(component: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends_are_words = bytes.first().is_some_and(|b| is_word(*b)) && bytes.last().is_some_and(|b| is_word(*b));
    ends_are_words
        && component
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(|separator| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-'))
}

fn parse_tag(tag: &str) -> Result<String, ImageReferenceError> {
    let well_formed = (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if well_formed { Ok(tag.to_owned()) } else { Err(ImageReferenceError::Tag(tag.to_owned())) }
}

fn parse_digest(digest: &str) -> Result<String, ImageReferenceError> {
    let lengths = [("sha256", 64), ("sha384", 96), ("sha512", 128)];
    let well_formed = digest.split_once(':').is_some_and(|(algorithm, hex)| {
        lengths.contains(&(algorithm, hex.len()))
            && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    if well_formed { Ok(digest.to_owned()) } else { Err(ImageReferenceError::Digest(digest.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::{ImageReference, ImageReferenceError as Wrong};

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn defaults_are_dockers() {
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
    fn a_digest_wins_over_a_tag() {
        let reference = ImageReference::parse(&format!("registry.example/app:1.0@{DIGEST}")).unwrap();
        assert_eq!(reference.to_string(), format!("registry.example/app@{DIGEST}"));
    }

    #[test]
    fn every_wrong_part_is_named() {
        let table = [
            ("", Wrong::Empty),
            ("  ", Wrong::Empty),
            ("https://registry.example/app", Wrong::Scheme("https://".into())),
            ("registry.example/app::1.0", Wrong::DoubleColon),
            ("registry.example:port/app", Wrong::Registry("registry.example:port".into())),
            ("registry.example:0/app", Wrong::Registry("registry.example:0".into())),
            ("-registry.example/app", Wrong::Registry("-registry.example".into())),
            ("user:password@registry.example/app", Wrong::Digest("registry.example/app".into())),
            ("[::1/app", Wrong::Registry("[::1".into())),
            ("registry.example/App", Wrong::UpperCase("App".into())),
            ("registry.example/", Wrong::Repository(String::new())),
            ("registry.example//app", Wrong::Repository("/app".into())),
            ("a...b/c", Wrong::Registry("a...b".into())),
            ("registry.example/a..b", Wrong::Repository("a..b".into())),
            ("registry.example/a b", Wrong::Repository("a b".into())),
            ("registry.example/app:", Wrong::Tag(String::new())),
            ("registry.example/app:.1", Wrong::Tag(".1".into())),
            ("registry.example/app@sha256:12", Wrong::Digest("sha256:12".into())),
            ("registry.example/app?tag=x", Wrong::Repository("app?tag=x".into())),
        ];
        for (text, wrong) in table {
            assert_eq!(ImageReference::parse(text), Err(wrong), "{text}");
        }
        assert_eq!(ImageReference::parse(&"a".repeat(300)), Err(Wrong::Long(318)));
        assert!(matches!(ImageReference::parse(&format!("a:{}", "t".repeat(129))), Err(Wrong::Tag(_))));
    }
}
