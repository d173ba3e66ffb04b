//! Why no engine answers at an address.

use std::io;

/// The reason for a failed connection to the engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreachableReason {
    /// There is no file at the socket's path.
    #[error("the socket does not exist")]
    NoSocket,
    /// The permissions of the socket exclude this user.
    #[error("this user may not open the socket")]
    PermissionDenied,
    /// No process listens at the address.
    #[error("the connection was refused")]
    ConnectionRefused,
    /// The engine accepts the connection and does not answer in time.
    #[error("it does not answer")]
    NoResponse,
    /// This process or the system has no file descriptor left.
    #[error("too many files are open")]
    TooManyFiles,
    /// The connection ended before the response was complete.
    #[error("the connection was lost: {0}")]
    ConnectionLost(String),
    /// The name resolution has no address for the host.
    #[error("the host name cannot be resolved: {0}")]
    UnresolvedHost(String),
    /// No packet reaches the host.
    #[error("the host cannot be reached: {0}")]
    NoRoute(String),
    /// The engine expects TLS, and the request was plain HTTP.
    #[error("it requires TLS")]
    TlsRequired,
    /// The engine answered a TLS handshake with something else.
    #[error("it does not speak TLS")]
    NotTls,
    /// No trusted authority signed the engine's certificate.
    #[error("its certificate is not trusted: {0}")]
    UntrustedCertificate(String),
    /// The engine's certificate does not contain the host of the address.
    #[error("its certificate is for another host name: {0}")]
    WrongHostName(String),
    /// The engine's certificate is expired or not valid yet.
    #[error("its certificate is not valid now: {0}")]
    CertificateNotValidNow(String),
    /// The engine requires a client certificate, and none is configured.
    #[error("it requires a client certificate, and none is configured")]
    ClientCertificateRequired,
    /// The engine does not accept the configured client certificate.
    #[error("it rejected the client certificate: {0}")]
    ClientCertificateRejected(String),
    /// TLS failed for another reason.
    #[error("the TLS handshake failed: {0}")]
    TlsHandshake(String),
}

impl UnreachableReason {
    /// What to do next. A daemon behind a socket runs on this host, any other may run elsewhere.
    pub(crate) fn hint(&self, is_socket: bool) -> &'static str {
        match self {
            Self::NoSocket => {
                "install and start Docker (`systemctl start docker`), or set DOCKER_HOST or DOCKER_CONTEXT; in a container, mount the host's socket"
            }
            Self::PermissionDenied => {
                "run as root or as a member of the group that owns the socket (`ls -l` shows it, usually `docker`)"
            }
            Self::ConnectionRefused if is_socket => {
                "the daemon is not running: check `systemctl status docker` and `journalctl -u docker`"
            }
            Self::ConnectionRefused => {
                "check the port (2376 with TLS, 2375 without), and that the daemon runs and listens there (`hosts` in its daemon.json)"
            }
            Self::NoResponse => {
                "the daemon hangs: check `journalctl -u docker` on its host and restart it with `systemctl restart docker`; over a network, check the firewall too"
            }
            Self::TooManyFiles => "raise the limit of open files (`ulimit -n`), or lower pull.concurrency",
            Self::ConnectionLost(_) => {
                "the daemon stopped or was restarted: check `journalctl -u docker` on its host, then run the command again"
            }
            Self::UnresolvedHost(_) => "check the spelling of the host name, then this host's name resolution",
            Self::NoRoute(_) => "check the address, the route and the firewall between this host and the engine's",
            Self::TlsRequired => "set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder that contains ca.pem",
            Self::NotTls => {
                "check the port (2376 with TLS, 2375 without); unset DOCKER_TLS_VERIFY only on a network that no other host can read"
            }
            Self::UntrustedCertificate(_) => {
                "the ca.pem in DOCKER_CERT_PATH or in the context must be that of the CA that signed the engine's certificate"
            }
            Self::WrongHostName(_) => {
                "use a name or an address of the certificate's subjectAltName, or issue a certificate that contains this one"
            }
            Self::CertificateNotValidNow(_) => "check the clocks of both hosts, then renew the engine's certificate",
            Self::ClientCertificateRequired => {
                "put cert.pem and key.pem, signed by the engine's client CA, into the folder of ca.pem: DOCKER_CERT_PATH or the context's"
            }
            Self::ClientCertificateRejected(_) => {
                "cert.pem must be signed by the daemon's `tlscacert`, be a client certificate (extendedKeyUsage=clientAuth) and be valid now"
            }
            Self::TlsHandshake(_) => {
                "compare the versions of TLS that the engine offers; taskpull supports TLS 1.2 and 1.3"
            }
        }
    }
}

impl From<&io::Error> for UnreachableReason {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoSocket,
            io::ErrorKind::PermissionDenied => Self::PermissionDenied,
            io::ErrorKind::ConnectionRefused => Self::ConnectionRefused,
            // EMFILE and ENFILE have no error kind.
            _ if matches!(error.raw_os_error(), Some(23 | 24)) => Self::TooManyFiles,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::TimedOut => {
                Self::NoRoute(error.to_string())
            }
            // The standard library has no error kind for a failed name resolution.
            _ if error.to_string().starts_with("failed to lookup address") => Self::UnresolvedHost(error.to_string()),
            _ => Self::ConnectionLost(error.to_string()),
        }
    }
}
