//! TLS to the engine: the trusted authorities, the client certificate, and what a failed handshake
//! means.
//!
//! Files are read once, before any connection, so that a wrong path is reported as such. As with
//! Docker's CLI, a `ca.pem` is trusted exclusively.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::crypto::aws_lc_rs as provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address_error::AddressError;
use crate::engine::unreachable_reason::UnreachableReason;

const CA: &str = "ca.pem";
const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";

/// The configuration of the client's side of TLS.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    has_certificate: bool,
}

/// Whether a folder must have a `ca.pem`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// It must have one, as in `DOCKER_CERT_PATH`.
    Ca,
    /// Without one, the system's certificates are trusted, as with a context.
    CaOrSystem,
}

impl Tls {
    /// Reads `ca.pem`, and `cert.pem` with `key.pem` if they exist.
    ///
    /// # Errors
    /// [`AddressError`], which names the file.
    pub(crate) fn read(folder: &Path, trust: Trust) -> Result<Self, AddressError> {
        let roots = match roots(&folder.join(CA)) {
            Err(AddressError::UnreadableFile { source, .. })
                if trust == Trust::CaOrSystem && source.kind() == io::ErrorKind::NotFound =>
            {
                system_roots()
            }
            roots => roots?,
        };
        let config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| AddressError::TlsSetup { message: error.to_string() })?
            .with_root_certificates(roots);
        let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
        let config = match (certificate.exists(), key.exists()) {
            (false, false) => {
                return Ok(Self { config: Arc::new(config.with_no_client_auth()), has_certificate: false });
            }
            (true, false) => return Err(AddressError::IncompleteKeyPair { present: certificate, missing: key }),
            (false, true) => return Err(AddressError::IncompleteKeyPair { present: key, missing: certificate }),
            (true, true) => config.with_client_auth_cert(certificates(&certificate)?, private_key(&key)?),
        };
        let config =
            config.map_err(|error| AddressError::KeyMismatch { certificate, key, message: error.to_string() })?;
        Ok(Self { config: Arc::new(config), has_certificate: true })
    }

    /// Returns what an error means, if it is one of TLS.
    pub(crate) fn reason(&self, error: &(dyn Error + 'static)) -> Option<UnreachableReason> {
        Some(match error.downcast_ref()? {
            rustls::Error::InvalidCertificate(certificate) => certificate_reason(certificate),
            rustls::Error::AlertReceived(alert) if is_about_certificates(*alert) => {
                if self.has_certificate {
                    UnreachableReason::ClientCertificateRejected(format!("{alert:?}"))
                } else {
                    UnreachableReason::ClientCertificateRequired
                }
            }
            rustls::Error::InvalidMessage(_) => UnreachableReason::NotTls,
            error => UnreachableReason::TlsHandshake(error.to_string()),
        })
    }

    /// Performs the handshake on a connection to `host:port`.
    pub(crate) async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await
    }

    /// Returns a connector for `https://` addresses.
    pub(crate) fn connector(&self) -> HttpsConnector<HttpConnector> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        HttpsConnector::from((tcp, Arc::clone(&self.config)))
    }
}

/// The configuration contains a private key, so it is not printed.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("has_certificate", &self.has_certificate).finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, AddressError> {
    fs::read(path).map_err(|source| AddressError::UnreadableFile { path: path.to_owned(), source })
}

fn invalid_pem(path: &Path, message: &impl ToString) -> AddressError {
    AddressError::InvalidPem { path: path.to_owned(), message: message.to_string() }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, AddressError> {
    let text = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(invalid_pem(path, &"it contains no certificate")),
        certificates => certificates.map_err(|error| invalid_pem(path, &error)),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, AddressError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| match error {
        pem::Error::NoItemsFound => invalid_pem(path, &"it contains no private key, or one with a passphrase"),
        error => invalid_pem(path, &error),
    })
}

fn roots(path: &Path) -> Result<RootCertStore, AddressError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| invalid_pem(path, &error))?;
    }
    Ok(roots)
}

/// Returns the system's certificates that can be parsed. If there are none, the handshake fails.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn certificate_reason(error: &CertificateError) -> UnreachableReason {
    match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            UnreachableReason::WrongHostName(error.to_string())
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => UnreachableReason::CertificateNotValidNow(error.to_string()),
        error => UnreachableReason::UntrustedCertificate(error.to_string()),
    }
}

/// Whether an alert is about the client's certificate. TLS 1.3 has one for a missing certificate; in
/// TLS 1.2, Go's servers send `bad_certificate` and OpenSSL's `handshake_failure`.
fn is_about_certificates(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::HandshakeFailure
            | AlertDescription::DecryptError
    )
}
