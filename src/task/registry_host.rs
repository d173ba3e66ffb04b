//! The host of a registry in all its spellings: with or without a scheme, with the path of the API,
//! or under any name of Docker Hub.

use super::image_reference::ImageReference;

/// `host[:port]` in lower case; Docker Hub is `docker.io`. The port is part of the value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistryHost(String);

impl RegistryHost {
    /// Parses `host[:port]`. Upper and lower case are equal, and so are the names of Docker Hub.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let host = text.to_ascii_lowercase();
        let is_hub = ImageReference::DOCKER_HUB_NAMES.contains(&host.as_str());
        let host = if is_hub { ImageReference::DOCKER_HUB.to_owned() } else { host };
        is_host(&host).then_some(Self(host))
    }

    /// The registry of an image.
    #[must_use]
    pub fn from_image(image: &ImageReference) -> Self {
        // The grammar of an image's registry is stricter than the one here, so this cannot fail.
        Self::parse(image.registry()).unwrap_or_else(|| Self(image.registry().to_ascii_lowercase()))
    }

    /// Parses the address of a registry as Docker and its users write it,
    /// `[scheme://]host[:port][/path]`, and returns the host and the path after the first slash.
    #[must_use]
    pub fn parse_address(text: &str) -> Option<(Self, &str)> {
        let text = text.trim();
        let text = ["https://", "http://"].iter().find_map(|scheme| without_prefix(text, scheme)).unwrap_or(text);
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        Some((Self::parse(host)?, path))
    }

    /// The host and port, such as `registry.example:5000`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key under which Docker and its helpers store the login of this registry. It is the
    /// host, except for Docker Hub.
    #[must_use]
    pub fn docker_key(&self) -> &str {
        if self.0 == ImageReference::DOCKER_HUB { ImageReference::DOCKER_HUB_KEY } else { &self.0 }
    }

    /// An example image of this registry, or `None` if no image reference can name the registry:
    /// without a dot or port, `registry/app` is an image of Docker Hub.
    #[must_use]
    pub fn example_image(&self) -> Option<ImageReference> {
        let image = ImageReference::parse(&format!("{}/any-namespace/any-image", self.0)).ok()?;
        (image.registry() == self.0).then_some(image)
    }
}

fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.rfind(':') {
        // The colons within brackets belong to an IPv6 address.
        Some(colon) if !text.ends_with(']') => (&text[..colon], Some(&text[colon + 1..])),
        _ => (text, None),
    };
    let is_port = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    let is_address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_name = match is_address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        }),
    };
    is_port && is_name
}

#[cfg(test)]
mod tests {
    use super::RegistryHost;

    #[test]
    fn every_spelling_of_an_address_gives_the_same_host() {
        for (written, host, path) in [
            ("reg.example", "reg.example", ""),
            ("  HTTPS://Reg.Example:5000/v2/\n", "reg.example:5000", "v2/"),
            ("http://reg.example/", "reg.example", ""),
            ("docker.io", "docker.io", ""),
            ("https://index.docker.io/v1/", "docker.io", "v1/"),
            ("registry-1.docker.io", "docker.io", ""),
            ("[::1]:5000", "[::1]:5000", ""),
        ] {
            let (parsed, rest) = RegistryHost::parse_address(written).unwrap_or_else(|| panic!("{written}"));
            assert_eq!((parsed.as_str(), rest), (host, path), "{written}");
        }
        for text in ["", "https://", "me:pass@reg.example", "reg example", "reg..example", "reg.example:port"] {
            assert!(RegistryHost::parse_address(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_example_image_names_its_registry_and_no_other() {
        for host in ["reg.example", "reg.example:5000", "localhost", "docker.io", "[::1]:5000", "127.0.0.1:25001"] {
            let host = RegistryHost::parse(host).unwrap();
            assert_eq!(RegistryHost::from_image(&host.example_image().unwrap()), host);
        }
        for host in ["registry", "under_score.example", "reg.example:99999"] {
            assert!(RegistryHost::parse(host).unwrap().example_image().is_none(), "{host}");
        }
    }

    #[test]
    fn docker_hub_has_its_own_key() {
        assert_eq!(RegistryHost::parse("docker.io").unwrap().docker_key(), "https://index.docker.io/v1/");
        assert_eq!(RegistryHost::parse("reg.example").unwrap().docker_key(), "reg.example");
    }
}
