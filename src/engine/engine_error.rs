//! What can go wrong between us and the engine.

use std::io;

use crate::error::{Class, Explain, Link};

/// The engine could not do it, or could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Nobody can be asked (G3).
    #[error("no Docker Engine at {host}: {why}")]
    Unreachable {
        /// The engine's address.
        host: String,
        /// Why not.
        why: Unreachable,
    },
    /// The engine said no, before the stream (with its HTTP status) or within it (200).
    #[error("{text}")]
    Said {
        /// HTTP status.
        status: u16,
        /// The stream's `errorDetail.code`, where it has one.
        code: Option<i64>,
        /// The engine's own words.
        text: String,
    },
    /// The engine's answer is not what the API says.
    #[error("the engine at {host} does not speak the Docker Engine API as expected: {why}")]
    Garbled {
        /// The engine's address.
        host: String,
        /// What was odd.
        why: String,
    },
    /// The engine's oldest API is newer than the newest that is known here.
    #[error("the engine at {host} no longer speaks API {spoken}, the newest that taskpull knows: {words}")]
    TooNew {
        /// The engine's address.
        host: String,
        /// The version it was asked for.
        spoken: String,
        /// The engine's own words.
        words: String,
    },
}

/// The words of a refusal: the `message` of a JSON object, or the text itself.
pub(crate) fn words(text: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(text).ok();
    let message = json.as_ref().and_then(|json| json.get("message")?.as_str());
    message.map_or_else(|| String::from_utf8_lossy(text), Into::into).trim().to_owned()
}

/// Why the engine cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The socket is not there.
    #[error("there is no such socket")]
    NoSocket,
    /// The socket is there and may not be opened.
    #[error("this user may not open the socket")]
    Forbidden,
    /// Nobody listens.
    #[error("nobody listens there")]
    NobodyListens,
    /// It listens and does not answer.
    #[error("it does not answer")]
    Silent,
    /// This process, or the system, has no file descriptor left.
    #[error("too many files are open")]
    TooManyFiles,
    /// The connection ended too early.
    #[error("the connection broke: {0}")]
    Broke(String),
    /// The host has no address.
    #[error("its name cannot be resolved: {0}")]
    Unresolved(String),
    /// No packet gets there.
    #[error("there is no way to it: {0}")]
    NoRoute(String),
    /// It wants TLS and was asked without.
    #[error("it wants TLS")]
    WantsTls,
    /// It was asked with TLS and answers without.
    #[error("it does not speak TLS")]
    NotTls,
    /// Its certificate is not from anybody who is trusted.
    #[error("its certificate is not trusted: {0}")]
    Untrusted(String),
    /// Its certificate is another host's.
    #[error("its certificate is for another name: {0}")]
    WrongName(String),
    /// Its certificate's time is over, or has not come.
    #[error("its certificate is not valid now: {0}")]
    Expired(String),
    /// It lets nobody in without a certificate.
    #[error("it wants a client certificate, and there is none")]
    WantsCertificate,
    /// It was shown a certificate and does not take it.
    #[error("it does not take the client certificate: {0}")]
    RejectsCertificate(String),
    /// TLS failed in another way.
    #[error("the TLS handshake failed: {0}")]
    Handshake(String),
}

impl EngineError {
    /// The engine at this address has not answered in time.
    #[must_use]
    pub fn silent(host: &str) -> Self {
        Self::Unreachable { host: host.to_owned(), why: Unreachable::Silent }
    }
}

impl From<&io::Error> for Unreachable {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoSocket,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            io::ErrorKind::ConnectionRefused => Self::NobodyListens,
            // EMFILE and ENFILE have no kind of their own.
            _ if matches!(error.raw_os_error(), Some(23 | 24)) => Self::TooManyFiles,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::TimedOut => {
                Self::NoRoute(error.to_string())
            }
            // The standard library has no kind for it.
            _ if error.to_string().starts_with("failed to lookup address") => Self::Unresolved(error.to_string()),
            _ => Self::Broke(error.to_string()),
        }
    }
}

impl Explain for EngineError {
    fn link(&self) -> Link {
        Link::Engine
    }

    fn class(&self) -> Class {
        match self {
            Self::Unreachable { why: Unreachable::TooManyFiles, .. } => Class::Unavailable,
            Self::Unreachable { .. } => Class::EngineGone,
            Self::Garbled { .. } | Self::TooNew { .. } => Class::Unsupported,
            Self::Said { .. } => Class::Unknown,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::Unreachable { host, .. } | Self::Garbled { host, .. } | Self::TooNew { host, .. } => host.clone(),
            Self::Said { .. } => "Docker Engine".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreachable { host, why } => why.hint(host.starts_with("unix://")),
            Self::Garbled { .. } => "Docker Engine 20.10 (API 1.41) or newer is needed: `docker version` shows it",
            Self::TooNew { .. } => {
                "a newer taskpull is needed; until then DOCKER_MIN_API_VERSION in the daemon's environment may let it speak this one"
            }
            Self::Said { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl Unreachable {
    /// What to do next. A daemon behind a socket is on this host, another one need not be.
    fn hint(&self, is_local: bool) -> &'static str {
        match self {
            Self::NoSocket => {
                "install and start Docker (`systemctl start docker`), or set DOCKER_HOST or DOCKER_CONTEXT; in a container mount the host's socket"
            }
            Self::Forbidden => {
                "run as root or as a member of the group that owns the socket (`ls -l` shows it, usually `docker`)"
            }
            Self::NobodyListens if is_local => {
                "the daemon is down: `systemctl status docker` and `journalctl -u docker` say why"
            }
            Self::NobodyListens => {
                "see the port (2376 with TLS, 2375 without), and that the daemon runs and listens there (`hosts` in its daemon.json)"
            }
            Self::Silent => {
                "the daemon hangs: `journalctl -u docker` on its host may say why, `systemctl restart docker` helps; over a network see the firewall too"
            }
            Self::TooManyFiles => "raise the limit of open files (`ulimit -n`), or lower pull.concurrency",
            Self::Broke(_) => {
                "the daemon ended or was restarted: `journalctl -u docker` on its host says why; then run this again"
            }
            Self::Unresolved(_) => "see the host's name for a slip, then this host's name resolution",
            Self::NoRoute(_) => "see the address, the route and the firewall between this host and the engine's",
            Self::WantsTls => "set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder with its ca.pem",
            Self::NotTls => {
                "see the port (2376 with TLS, 2375 without); only on a network that nobody else is on, unset DOCKER_TLS_VERIFY"
            }
            Self::Untrusted(_) => {
                "the ca.pem in DOCKER_CERT_PATH, or in the context, must be that of the CA that signed the engine's certificate"
            }
            Self::WrongName(_) => {
                "use a name or an address that stands in the certificate's subjectAltName, or have the certificate made anew with this one"
            }
            Self::Expired(_) => "see the clocks of both hosts, then have the engine's certificate renewed",
            Self::WantsCertificate => {
                "put cert.pem and key.pem, signed by the engine's client CA, beside the ca.pem in DOCKER_CERT_PATH or in the context"
            }
            Self::RejectsCertificate(_) => {
                "cert.pem must be signed by the daemon's `tlscacert`, be for clients (extendedKeyUsage=clientAuth) and be valid now"
            }
            Self::Handshake(_) => {
                "`openssl s_client -connect HOST:PORT` shows what the engine offers; TLS 1.2 or 1.3 is needed"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_refusal_is_told_in_the_engines_words() {
        assert_eq!(words(br#"{"message":"manifest unknown\n"}"#), "manifest unknown");
        assert_eq!(words(b"<html>busy</html>\n"), "<html>busy</html>");
    }
}
