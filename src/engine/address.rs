//! Where an engine is: the forms that `DOCKER_HOST` and a Docker context have.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use crate::engine::address_error::AddressError;
use crate::engine::engine_error::{EngineError, Unreachable};
use crate::engine::tls::Tls;

/// Where an engine is.
#[derive(Clone, Debug)]
pub enum DockerAddress {
    /// `unix:///path`
    Unix(String),
    /// `tcp://host:port`, without TLS.
    Tcp(String),
    /// `tcp://host:port`, with TLS.
    Tls {
        /// `host:port`
        host: String,
        /// Whom it trusts, and as whom it comes.
        tls: Tls,
    },
}

impl DockerAddress {
    /// Reads an address as `DOCKER_HOST` has it: `unix:///path` or `tcp://host:port`, which
    /// is without TLS until [`Self::with_tls`].
    ///
    /// # Errors
    /// [`AddressError`] when it is neither.
    pub fn parse(host: &str) -> Result<Self, AddressError> {
        let wrong = |why| AddressError::Malformed { host: host.to_owned(), why };
        if let Some(path) = host.strip_prefix("unix://") {
            return if Path::new(path).is_absolute() {
                Ok(Self::Unix(path.to_owned()))
            } else {
                Err(wrong("a socket's path begins with `/`"))
            };
        }
        if host.starts_with("ssh://") {
            return Err(AddressError::Ssh { host: host.to_owned() });
        }
        let Some(rest) = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("http://")) else {
            return Err(wrong("it is neither `unix:///path` nor `tcp://host:port`"));
        };
        let rest = rest.trim_end_matches('/');
        let is_authority = rest.parse::<http::uri::Authority>().is_ok() && !rest.contains('@');
        match rest.rsplit_once(':') {
            Some((name, port)) if is_authority && !name.is_empty() && port.parse::<u16>().is_ok() => {
                Ok(Self::Tcp(rest.to_owned()))
            }
            _ => Err(wrong("after `tcp://` stand a host and a port")),
        }
    }

    /// The same place with TLS. A socket stays as it is: Docker's own programs know no TLS
    /// on one.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        match self {
            Self::Tcp(host) => Self::Tls { host, tls },
            other => other,
        }
    }

    /// Whether logins go over the network in clear.
    #[must_use]
    pub fn is_in_clear(&self) -> bool {
        let Self::Tcp(host) = self else { return false };
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        let address = name.trim_matches(['[', ']']).parse::<IpAddr>();
        name != "localhost" && !address.is_ok_and(|address| address.is_loopback())
    }

    pub(crate) fn unreachable(&self, why: Unreachable) -> EngineError {
        EngineError::Unreachable { host: self.to_string(), why }
    }

    pub(crate) fn garbled(&self, why: impl Into<String>) -> EngineError {
        EngineError::Garbled { host: self.to_string(), why: why.into() }
    }

    /// What an error of the connection means: TLS's own below what the libraries wrap it
    /// in, or else the system's.
    pub(crate) fn broken(&self, error: &(dyn Error + 'static)) -> EngineError {
        let mut cause = Some(error);
        let mut system: Option<&io::Error> = None;
        let mut text = String::new();
        while let Some(error) = cause {
            if let Self::Tls { tls, .. } = self
                && let Some(why) = tls.meaning(error)
            {
                return self.unreachable(why);
            }
            text = error.to_string();
            let io = error.downcast_ref::<io::Error>();
            system = io.or(system);
            // An io::Error names its content's source as its own, and so passes the content over.
            cause = match io.and_then(io::Error::get_ref) {
                Some(content) => Some(content),
                None => error.source(),
            };
        }
        self.unreachable(system.map_or(Unreachable::Broke(text), Unreachable::from))
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
    use super::DockerAddress;

    #[test]
    fn addresses_are_dockers_own() {
        let parsed = |text| DockerAddress::parse(text).map(|address| address.to_string()).ok();
        assert_eq!(parsed("unix:///run/a b/docker.sock").as_deref(), Some("unix:///run/a b/docker.sock"));
        for text in ["tcp://127.0.0.1:2375", "http://127.0.0.1:2375", "tcp://127.0.0.1:2375/"] {
            assert_eq!(parsed(text).as_deref(), Some("tcp://127.0.0.1:2375"), "{text}");
        }
        assert_eq!(parsed("tcp://[::1]:2376").as_deref(), Some("tcp://[::1]:2376"));
        for text in ["", "unix://relative", "unix:/x", "tcp://host", "tcp://:1", "tcp://a:1/b", "tcp://a b:1"] {
            assert_eq!(parsed(text), None, "{text}");
        }
        for text in ["ssh://a", "https://a:1", "npipe:////./pipe/docker_engine", "tcp://me:secret@a:1"] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_foreign_host_without_tls_is_in_clear() {
        let is_in_clear = |text| DockerAddress::parse(text).unwrap().is_in_clear();
        assert!(is_in_clear("tcp://engine.example:2375"));
        for text in ["tcp://localhost:2375", "tcp://127.0.0.9:2375", "tcp://[::1]:2375", "unix:///docker.sock"] {
            assert!(!is_in_clear(text), "{text}");
        }
    }
}
