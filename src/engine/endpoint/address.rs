//! The address of an engine, in the form of `DOCKER_HOST` and of a Docker context.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use super::address_error::AddressError;
use super::tls::Tls;
use crate::engine::engine_error::EngineError;
use crate::engine::unreachable_reason::UnreachableReason;

/// The address of an engine. `Display` writes it in the form of `DOCKER_HOST`.
#[derive(Clone, Debug)]
pub enum DockerAddress {
    /// `unix:///path`: a socket on this host.
    Unix(String),
    /// `tcp://host:port` without TLS; holds `host:port`.
    Tcp(String),
    /// `tcp://host:port` on which the connection uses TLS.
    Tls {
        /// Host and port, as `host:port`.
        host: String,
        /// The trusted authorities and the client certificate.
        tls: Tls,
    },
}

impl DockerAddress {
    /// Parses an address of the form `unix:///path` or `tcp://host:port`. The latter is without TLS
    /// until [`Self::with_tls`].
    ///
    /// # Errors
    /// [`AddressError`], if the address has neither form.
    pub fn parse(host: &str) -> Result<Self, AddressError> {
        let malformed = |problem| AddressError::Malformed { host: host.to_owned(), problem };
        if let Some(path) = host.strip_prefix("unix://") {
            return if Path::new(path).is_absolute() {
                Ok(Self::Unix(path.to_owned()))
            } else {
                Err(malformed("the path of a socket must begin with `/`"))
            };
        }
        if host.starts_with("ssh://") {
            return Err(AddressError::Ssh { host: host.to_owned() });
        }
        let Some(rest) = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("http://")) else {
            return Err(malformed("it is neither `unix:///path` nor `tcp://host:port`"));
        };
        let rest = rest.trim_end_matches('/');
        let is_authority = rest.parse::<http::uri::Authority>().is_ok() && !rest.contains('@');
        match rest.rsplit_once(':') {
            Some((name, port)) if is_authority && !name.is_empty() && port.parse::<u16>().is_ok() => {
                Ok(Self::Tcp(rest.to_owned()))
            }
            _ => Err(malformed("`tcp://` must be followed by a host and a port")),
        }
    }

    /// Returns the same address with TLS. A socket does not change: Docker's own programs use no
    /// TLS on one.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        match self {
            Self::Tcp(host) => Self::Tls { host, tls },
            other => other,
        }
    }

    /// Whether logins cross a network in clear text.
    #[must_use]
    pub fn sends_clear_text(&self) -> bool {
        let Self::Tcp(host) = self else { return false };
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        let address = name.trim_matches(['[', ']']).parse::<IpAddr>();
        name != "localhost" && !address.is_ok_and(|address| address.is_loopback())
    }

    pub(crate) fn unreachable(&self, reason: UnreachableReason) -> EngineError {
        EngineError::Unreachable { host: self.to_string(), reason }
    }

    pub(crate) fn unexpected_response(&self, detail: impl Into<String>) -> EngineError {
        EngineError::UnexpectedResponse { host: self.to_string(), detail: detail.into() }
    }

    /// Explains a failed connection by the innermost error that says more: that of TLS, else that of
    /// the operating system.
    pub(crate) fn connection_failed(&self, error: &(dyn Error + 'static)) -> EngineError {
        let mut next = Some(error);
        let mut io_error: Option<&io::Error> = None;
        let mut text = String::new();
        while let Some(error) = next {
            if let Self::Tls { tls, .. } = self
                && let Some(reason) = tls.reason(error)
            {
                return self.unreachable(reason);
            }
            text = error.to_string();
            let as_io = error.downcast_ref::<io::Error>();
            io_error = as_io.or(io_error);
            // `source` of an io::Error skips the error that it wraps.
            next = match as_io.and_then(io::Error::get_ref) {
                Some(wrapped) => Some(wrapped),
                None => error.source(),
            };
        }
        self.unreachable(io_error.map_or(UnreachableReason::ConnectionLost(text), UnreachableReason::from))
    }
}

impl fmt::Display for DockerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{path}"),
            Self::Tcp(host) | Self::Tls { host, .. } => write!(f, "tcp://{host}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::DockerAddress;

    fn parse(text: &str) -> Option<String> {
        DockerAddress::parse(text).map(|address| address.to_string()).ok()
    }

    #[test]
    fn addresses_have_the_forms_of_docker_host() {
        assert_eq!(parse("unix:///run/a b/docker.sock").as_deref(), Some("unix:///run/a b/docker.sock"));
        for text in ["tcp://127.0.0.1:2375", "http://127.0.0.1:2375", "tcp://127.0.0.1:2375/"] {
            assert_eq!(parse(text).as_deref(), Some("tcp://127.0.0.1:2375"), "{text}");
        }
        assert_eq!(parse("tcp://[::1]:2376").as_deref(), Some("tcp://[::1]:2376"));
        for text in ["", "unix://relative", "unix:/x", "tcp://host", "tcp://:1", "tcp://a:1/b", "tcp://a b:1"] {
            assert_eq!(parse(text), None, "{text}");
        }
        for text in ["ssh://a", "https://a:1", "npipe:////./pipe/docker_engine", "tcp://me:secret@a:1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_remote_host_without_tls_is_in_clear() {
        let sends_clear_text = |text| DockerAddress::parse(text).unwrap().sends_clear_text();
        assert!(sends_clear_text("tcp://engine.example:2375"));
        for text in ["tcp://localhost:2375", "tcp://127.0.0.9:2375", "tcp://[::1]:2375", "unix:///docker.sock"] {
            assert!(!sends_clear_text(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_address_parses_to_what_it_displays(
            text in "((unix|tcp|http|ssh|https)://)?(/|[a-z0-9.-]{1,8}|\\[[0-9a-f:]{1,8}\\])?(:[0-9+]{0,6})?.{0,4}",
        ) {
            if let Some(address) = parse(&text) {
                prop_assert_eq!(parse(&address), Some(address));
            }
        }

        #[test]
        fn every_socket_path_and_host_with_port_is_an_address(path in "/.{0,30}", host in "[a-z0-9.-]{1,20}", port: u16) {
            let (socket, tcp) = (format!("unix://{path}"), format!("tcp://{host}:{port}"));
            prop_assert_eq!(parse(&socket), Some(socket));
            prop_assert_eq!(parse(&tcp), Some(tcp));
        }
    }
}
