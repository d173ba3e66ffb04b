//! A registry's host, however it is written: with a scheme or without, with the API's path,
//! under any of Docker Hub's names.

use super::image_reference::ImageReference;

/// `host[:port]` in lower case; Docker Hub is `docker.io`. A port is part of the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistryHost(String);

impl RegistryHost {
    /// Reads `host[:port]`. A host is the same in any case; Docker Hub is the same under each
    /// of its names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let host = text.to_ascii_lowercase();
        let is_hub = ImageReference::DOCKER_HUB_NAMES.contains(&host.as_str());
        let host = if is_hub { ImageReference::DOCKER_HUB.to_owned() } else { host };
        is_host(&host).then_some(Self(host))
    }

    /// The registry of an image.
    #[must_use]
    pub fn of_image(image: &ImageReference) -> Self {
        // What an image's registry may be is stricter than what is read here.
        Self::parse(image.registry()).unwrap_or_else(|| Self(image.registry().to_ascii_lowercase()))
    }

    /// Takes the address of a server apart, as Docker and its users write it:
    /// `[scheme://]host[:port][/path]`. The path is what follows the first slash.
    #[must_use]
    pub fn of_address(text: &str) -> Option<(Self, &str)> {
        let text = text.trim();
        let text = ["https://", "http://"].iter().find_map(|scheme| without_prefix(text, scheme)).unwrap_or(text);
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        Some((Self::parse(host)?, path))
    }

    /// What was written for a host and is none, as an error may repeat it: without the login
    /// that may stand before it.
    #[must_use]
    pub fn quoted(text: &str) -> String {
        text.rfind('@').map_or_else(|| text.to_owned(), |at| format!("…{}", &text[at..]))
    }

    /// The host.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What Docker and its helpers call it: Docker Hub has kept a key of its own.
    #[must_use]
    pub fn server(&self) -> &str {
        if self.0 == ImageReference::DOCKER_HUB { ImageReference::DOCKER_HUB_KEY } else { &self.0 }
    }

    /// An image that stands for any of this registry; none where no image can name it: without
    /// dot and port, `registry/app` is an image of Docker Hub.
    #[must_use]
    pub fn any_image(&self) -> Option<ImageReference> {
        let image = ImageReference::parse(&format!("{}/any-namespace/any-image", self.0)).ok()?;
        (image.registry() == self.0).then_some(image)
    }
}

fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let begin = text.get(..prefix.len())?;
    begin.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.rfind(':') {
        // The colons within brackets are an IPv6 address's own.
        Some(colon) if !text.ends_with(']') => (&text[..colon], Some(&text[colon + 1..])),
        _ => (text, None),
    };
    let port_is_one = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    let is_address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host_is_one = match is_address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        }),
    };
    port_is_one && host_is_one
}

#[cfg(test)]
mod tests {
    use super::RegistryHost;

    #[test]
    fn a_host_is_known_in_every_form_that_it_is_written_in() {
        for (written, host, path) in [
            ("reg.example", "reg.example", ""),
            ("  HTTPS://Reg.Example:5000/v2/\n", "reg.example:5000", "v2/"),
            ("http://reg.example/", "reg.example", ""),
            ("docker.io", "docker.io", ""),
            ("https://index.docker.io/v1/", "docker.io", "v1/"),
            ("registry-1.docker.io", "docker.io", ""),
            ("[::1]:5000", "[::1]:5000", ""),
        ] {
            let (found, rest) = RegistryHost::of_address(written).unwrap_or_else(|| panic!("{written}"));
            assert_eq!((found.as_str(), rest), (host, path), "{written}");
        }
        for none in ["", "https://", "me:pass@reg.example", "reg example", "reg..example", "reg.example:port"] {
            assert!(RegistryHost::of_address(none).is_none(), "{none}");
        }
    }

    #[test]
    fn an_image_stands_for_its_host_and_for_no_other() {
        for host in ["reg.example", "reg.example:5000", "localhost", "docker.io", "[::1]:5000", "127.0.0.1:25001"] {
            let host = RegistryHost::parse(host).unwrap();
            assert_eq!(RegistryHost::of_image(&host.any_image().unwrap()), host);
        }
        for host in ["registry", "under_score.example", "reg.example:99999"] {
            assert!(RegistryHost::parse(host).unwrap().any_image().is_none(), "{host}");
        }
    }

    #[test]
    fn docker_hub_has_a_key_of_its_own() {
        assert_eq!(RegistryHost::parse("docker.io").unwrap().server(), "https://index.docker.io/v1/");
        assert_eq!(RegistryHost::parse("reg.example").unwrap().server(), "reg.example");
    }
}
