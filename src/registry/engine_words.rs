//! Failures of a connection in the words of an engine, so that the one reader of answers
//! ([`crate::answers`]) reads them; and what is different when taskpull itself asks the registry.

use std::io;

use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage};

use super::registry_error::RegistryError;

/// The words of an engine for a failure without an answer, or with an answer that the engine cannot
/// read; `None` if there was an error answer.
pub(super) fn engine_words(error: &RegistryError) -> Option<String> {
    match error {
        RegistryError::Unreachable { source, .. } => Some(connection_words(source)),
        RegistryError::Tls { source, .. } => Some(tls_words(source)),
        RegistryError::ConnectionLost { .. } => Some("connection reset by peer".to_owned()),
        RegistryError::NoToken { .. } => {
            Some("authorization server did not include a token in the response".to_owned())
        }
        _ => None,
    }
}

/// What to do after a failure without an answer. It differs from a pull, because the engine has other
/// certificates, other proxies and perhaps another network; `None` if it is the same.
pub(super) fn direct_hint(error: &RegistryError) -> Option<String> {
    let hint = match error {
        RegistryError::Tls { host, source } => return tls_hint(host, source),
        RegistryError::Unreachable { .. } | RegistryError::ConnectionLost { .. } => {
            "taskpull contacts the registry directly from this host, without a proxy, by https (on this machine by http): check the host name, DNS, routes and the firewall; a pull by an engine with a proxy may succeed"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// The hint for causes of which the engine has its own files or settings.
fn tls_hint(host: &str, error: &TlsError) -> Option<String> {
    let hint = match error {
        TlsError::InvalidCertificate(error) if certificate_words(error) == CertificateWords::Untrusted => {
            format!(
                "taskpull trusts the certificates of this host: install the CA certificate there, or name its file in SSL_CERT_FILE (`{}` shows the chain); the engine reads /etc/docker/certs.d/{host}/ca.crt too, so a pull may succeed",
                show_certificates(host)
            )
        }
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "taskpull sends a login without TLS only within this machine: enable TLS on the registry; if the engine lists the registry in `insecure-registries`, check the login with a pull".to_owned()
        }
        TlsError::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::BadCertificate) => format!(
            "taskpull has no client certificate for registries; the engine reads /etc/docker/certs.d/{host}/client.cert and client.key, so check the login with a pull"
        ),
        _ => return None,
    };
    Some(hint)
}

/// The command that shows the certificates of a server, `host` or `host:port`.
fn show_certificates(host: &str) -> String {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, port),
        _ => (host, "443"),
    };
    let server_name = name.trim_matches(['[', ']']);
    format!("openssl s_client -connect {name}:{port} -servername {server_name} -showcerts </dev/null")
}

fn connection_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        io::ErrorKind::TimedOut => "i/o timeout".to_owned(),
        // The resolver's errors have no kind of their own.
        _ if error.to_string().starts_with("failed to lookup address") => "no such host".to_owned(),
        kind => kind.to_string(),
    }
}

/// The words of Go's TLS library, which engines use.
fn tls_words(error: &TlsError) -> String {
    let words = match error {
        TlsError::InvalidCertificate(error) => certificate_words(error).text(),
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "http: server gave HTTP response to HTTPS client"
        }
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => "remote error: tls: certificate required",
        TlsError::AlertReceived(AlertDescription::BadCertificate) => "remote error: tls: bad certificate",
        TlsError::AlertReceived(AlertDescription::AccessDenied) => "remote error: tls: access denied",
        TlsError::AlertReceived(AlertDescription::UnrecognisedName) => "remote error: tls: unrecognized name",
        TlsError::AlertReceived(AlertDescription::ProtocolVersion) => {
            "remote error: tls: protocol version not supported"
        }
        TlsError::AlertReceived(AlertDescription::HandshakeFailure) => "remote error: tls: handshake failure",
        TlsError::AlertReceived(AlertDescription::InternalError) => "remote error: tls: internal error",
        TlsError::PeerIncompatible(_) => "tls: server selected unsupported protocol version",
        other => return format!("tls: {other}"),
    };
    words.to_owned()
}

/// What is wrong with a certificate, as far as the words of an engine tell it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CertificateWords {
    Expired,
    NotYetValid,
    OtherName,
    Invalid,
    WrongUse,
    Untrusted,
}

impl CertificateWords {
    fn text(self) -> &'static str {
        match self {
            Self::Expired => "x509: certificate has expired or is not yet valid",
            Self::NotYetValid => "x509: certificate has expired or is not yet valid: current time is before 2",
            Self::OtherName => "x509: certificate is not valid for this name",
            Self::Invalid => "x509: failed to parse certificate",
            Self::WrongUse => "x509: certificate specifies an incompatible key usage",
            Self::Untrusted => "x509: certificate signed by unknown authority",
        }
    }
}

fn certificate_words(error: &CertificateError) -> CertificateWords {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateWords::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => CertificateWords::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateWords::OtherName
        }
        CertificateError::BadEncoding | CertificateError::UnhandledCriticalExtension => CertificateWords::Invalid,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => CertificateWords::WrongUse,
        _ => CertificateWords::Untrusted,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage};

    use super::{direct_hint, engine_words, show_certificates};
    use crate::registry::RegistryError;

    fn tls(source: TlsError) -> RegistryError {
        RegistryError::Tls { host: "r.example:5000".to_owned(), source }
    }

    #[test]
    fn failures_of_tls_have_the_words_of_an_engine() {
        let certificate = TlsError::InvalidCertificate;
        for (error, words) in [
            (certificate(CertificateError::UnknownIssuer), "x509: certificate signed by unknown authority"),
            (certificate(CertificateError::Expired), "x509: certificate has expired or is not yet valid"),
            (certificate(CertificateError::NotValidForName), "x509: certificate is not valid for this name"),
            (certificate(CertificateError::BadEncoding), "x509: failed to parse certificate"),
            (
                TlsError::InvalidMessage(InvalidMessage::InvalidContentType),
                "http: server gave HTTP response to HTTPS client",
            ),
            (TlsError::AlertReceived(AlertDescription::HandshakeFailure), "remote error: tls: handshake failure"),
            (TlsError::HandshakeNotComplete, "tls: handshake not complete"),
        ] {
            assert_eq!(engine_words(&tls(error)).as_deref(), Some(words));
        }
    }

    #[test]
    fn failures_of_connections_have_the_words_of_an_engine() {
        let resolver = io::Error::other("failed to lookup address information: Name or service not known");
        for (source, words) in [
            (resolver, "no such host"),
            (io::ErrorKind::ConnectionRefused.into(), "connection refused"),
            (io::ErrorKind::TimedOut.into(), "i/o timeout"),
            (io::ErrorKind::UnexpectedEof.into(), "EOF"),
        ] {
            assert_eq!(
                engine_words(&RegistryError::Unreachable { host: String::new(), source }).as_deref(),
                Some(words)
            );
        }
        assert!(engine_words(&RegistryError::Uri).is_none());
    }

    #[test]
    fn a_certificate_that_only_the_engine_trusts_is_explained() {
        let untrusted = tls(TlsError::InvalidCertificate(CertificateError::UnknownIssuer));
        let hint = direct_hint(&untrusted).unwrap();
        assert!(hint.contains("/etc/docker/certs.d/r.example:5000/ca.crt"), "{hint}");
        let command = "`openssl s_client -connect r.example:5000 -servername r.example -showcerts </dev/null`";
        assert!(hint.contains(command), "{hint}");
        let command = "openssl s_client -connect [::1]:443 -servername ::1 -showcerts </dev/null";
        assert_eq!(show_certificates("[::1]"), command);
        let expired = tls(TlsError::InvalidCertificate(CertificateError::Expired));
        assert!(direct_hint(&expired).is_none());
    }
}
