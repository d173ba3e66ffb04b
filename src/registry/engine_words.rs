//! Failures of a connection in the words of an engine, so that the one reader of answers
//! ([`crate::answers`]) reads them.

use std::io;

use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage};

use super::registry_error::RegistryError;
use crate::answers::{Answer, AnswerSource};

/// The words of an engine for a request to `host` that got no answer.
pub(super) fn engine_answer(error: &RegistryError, host: &str) -> Answer {
    let text = match error {
        RegistryError::Unreachable(error) => connection_words(error),
        _ => "connection reset by peer".to_owned(),
    };
    Answer { source: AnswerSource::Engine, status: None, code: None, text, host: Some(host.to_owned()) }
}

fn connection_words(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|source| source.downcast_ref::<TlsError>());
    if let Some(tls) = tls {
        return tls_words(tls);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        io::ErrorKind::TimedOut => "i/o timeout".to_owned(),
        // The resolver's errors have no kind of their own.
        _ if error.to_string().starts_with("failed to lookup address") => "no such host".to_owned(),
        kind if error.raw_os_error().is_some() => kind.to_string(),
        _ => error.to_string(),
    }
}

/// The words of Go's TLS library, which engines use.
fn tls_words(error: &TlsError) -> String {
    let words = match error {
        TlsError::InvalidCertificate(certificate) => return format!("x509: {}", certificate_words(certificate)),
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "http: server gave HTTP response to HTTPS client"
        }
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => "remote error: tls: certificate required",
        TlsError::AlertReceived(AlertDescription::BadCertificate) => "remote error: tls: bad certificate",
        TlsError::AlertReceived(AlertDescription::UnknownCA) => "remote error: tls: unknown certificate authority",
        TlsError::AlertReceived(AlertDescription::AccessDenied) => "remote error: tls: access denied",
        TlsError::AlertReceived(AlertDescription::UnrecognisedName) => "remote error: tls: unrecognized name",
        TlsError::AlertReceived(AlertDescription::ProtocolVersion) => {
            "remote error: tls: protocol version not supported"
        }
        TlsError::AlertReceived(AlertDescription::HandshakeFailure) => "remote error: tls: handshake failure",
        TlsError::PeerIncompatible(_) => "tls: server selected unsupported protocol version",
        other => return format!("tls: {other}"),
    };
    words.to_owned()
}

fn certificate_words(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => "certificate has expired or is not yet valid",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "certificate is valid for other names, not for this host"
        }
        CertificateError::BadEncoding | CertificateError::UnhandledCriticalExtension => {
            "failed to parse certificate from server"
        }
        CertificateError::Revoked => "certificate is revoked",
        _ => "certificate signed by unknown authority",
    }
}
