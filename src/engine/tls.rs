//! TLS to the engine: whom it trusts, as whom it comes, and what a failed handshake means.
//!
//! Files are read once, before anything is asked, so that a slip in a path is told as one.
//! As with Docker's CLI, where there is a `ca.pem` it is trusted and nothing else.

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

use crate::engine::address_error::AddressError;
use crate::engine::engine_error::Unreachable;

const CA: &str = "ca.pem";
const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";

/// The client's side of TLS.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    has_certificate: bool,
}

/// Whether a folder must have a `ca.pem`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// It must, as in `DOCKER_CERT_PATH`.
    Ca,
    /// Where it has none, the system's certificates are trusted, as with a context.
    CaOrSystem,
}

impl Tls {
    /// Reads `ca.pem`, and `cert.pem` with `key.pem` where they are.
    ///
    /// # Errors
    /// [`AddressError`], naming the file.
    pub(crate) fn read(folder: &Path, trust: Trust) -> Result<Self, AddressError> {
        let roots = match roots(&folder.join(CA)) {
            Err(AddressError::File { source, .. }) if trust == Trust::CaOrSystem && is_absent(&source) => system(),
            roots => roots?,
        };
        let config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| AddressError::Tls { message: error.to_string() })?
            .with_root_certificates(roots);
        let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
        let config = match (certificate.exists(), key.exists()) {
            (false, false) => {
                return Ok(Self { config: Arc::new(config.with_no_client_auth()), has_certificate: false });
            }
            (true, false) => return Err(AddressError::Half { there: certificate, missing: key }),
            (false, true) => return Err(AddressError::Half { there: key, missing: certificate }),
            (true, true) => config.with_client_auth_cert(certificates(&certificate)?, private_key(&key)?),
        };
        let config = config.map_err(|error| AddressError::Pair { certificate, key, message: error.to_string() })?;
        Ok(Self { config: Arc::new(config), has_certificate: true })
    }

    /// What an error means, if it is one of TLS.
    pub(crate) fn meaning(&self, error: &(dyn Error + 'static)) -> Option<Unreachable> {
        Some(match error.downcast_ref()? {
            rustls::Error::InvalidCertificate(certificate) => distrust(certificate),
            rustls::Error::AlertReceived(alert) if is_about_certificates(*alert) => {
                if self.has_certificate {
                    Unreachable::RejectsCertificate(format!("{alert:?}"))
                } else {
                    Unreachable::WantsCertificate
                }
            }
            rustls::Error::InvalidMessage(_) => Unreachable::NotTls,
            error => Unreachable::Handshake(error.to_string()),
        })
    }

    /// TLS on a connection to `host:port`.
    pub(crate) async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await
    }

    /// Connects by TCP, then by TLS, to the host of an `https://` address.
    pub(crate) fn connector(&self) -> HttpsConnector<HttpConnector> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        HttpsConnector::from((tcp, Arc::clone(&self.config)))
    }
}

/// The configuration holds a private key, and its own text is of no use to anybody.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("has_certificate", &self.has_certificate).finish_non_exhaustive()
    }
}

fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

fn read(path: &Path) -> Result<Vec<u8>, AddressError> {
    fs::read(path).map_err(|source| AddressError::File { path: path.to_owned(), source })
}

fn unusable(path: &Path, message: &impl ToString) -> AddressError {
    AddressError::Pem { path: path.to_owned(), message: message.to_string() }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, AddressError> {
    let text = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(unusable(path, &"it has no certificate in it")),
        certificates => certificates.map_err(|error| unusable(path, &error)),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, AddressError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| match error {
        pem::Error::NoItemsFound => unusable(path, &"it has no private key in it, or one with a passphrase"),
        error => unusable(path, &error),
    })
}

fn roots(path: &Path) -> Result<RootCertStore, AddressError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| unusable(path, &error))?;
    }
    Ok(roots)
}

/// The system's certificates, as many as can be used; without any the handshake says so.
fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn distrust(error: &CertificateError) -> Unreachable {
    match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Unreachable::WrongName(error.to_string())
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Unreachable::Expired(error.to_string()),
        error => Unreachable::Untrusted(error.to_string()),
    }
}

/// TLS 1.3 has an alert for a client without a certificate; in TLS 1.2 Go's servers send
/// `bad_certificate`, OpenSSL's `handshake_failure`.
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
