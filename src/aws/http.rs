//! The HTTP clients of the SDK: whom they trust, and when they go through a proxy.
//!
//! There are two. The services are reached through the proxy of the environment
//! (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). The metadata service and a container's
//! credentials endpoint are not: they are this host's own, no proxy can reach them, and
//! their answers are credentials that no proxy should see.

use std::io;
use std::path::{Path, PathBuf};

use aws_sdk_secretsmanager::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::aws::file::{FileError, bytes_of};
use crate::error::{Class, Explain, Link};

/// The longest file of certificates, in bytes: four times what systems trust.
const LIMIT: usize = 1_024 * 1_024;

/// The clients of one process.
#[derive(Debug)]
pub(crate) struct HttpClients {
    /// For AWS's services.
    pub services: SharedHttpClient,
    /// For what is on this host: the metadata service, a container's credentials.
    pub local: SharedHttpClient,
}

/// The file of trusted certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CaBundleError {
    /// It cannot be read.
    #[error("aws.ca_bundle: {path} cannot be read", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A folder, a pipe, a device, …
    #[error("aws.ca_bundle: {path} is not a regular file", path = .path.display())]
    NotRegular {
        /// What it is called.
        path: PathBuf,
    },
    /// Longer than any such file.
    #[error("aws.ca_bundle: {path} is longer than 1 MiB", path = .path.display())]
    Long {
        /// The file.
        path: PathBuf,
    },
    /// It has no certificate in it.
    #[error("aws.ca_bundle: {path} has no certificate in it", path = .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// One of its certificates is none.
    #[error("aws.ca_bundle: certificate {at} in {path} cannot be used: {message}", path = .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Its place, from 1.
        at: usize,
        /// What is wrong with it.
        message: String,
    },
}

impl Explain for CaBundleError {
    fn link(&self) -> Link {
        Link::HostIdentity
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn thing(&self) -> String {
        let (Self::Unreadable { path, .. }
        | Self::NotRegular { path }
        | Self::Long { path }
        | Self::Empty { path }
        | Self::Certificate { path, .. }) = self;
        path.display().to_string()
    }

    fn hint(&self) -> Option<String> {
        Some("give a file of PEM certificates (`-----BEGIN CERTIFICATE-----`) that this user may read, or unset AWS_CA_BUNDLE".to_owned())
    }
}

impl HttpClients {
    /// Clients that trust the system's certificates, or those of `ca_bundle` and no others,
    /// as AWS's own programs mean it.
    ///
    /// # Errors
    /// [`CaBundleError`]: everything is looked at here, because the SDK would panic later.
    pub(crate) fn new(ca_bundle: Option<&Path>) -> Result<Self, CaBundleError> {
        let trust = match ca_bundle {
            Some(path) => TrustStore::empty().with_pem_certificate(read(path)?),
            None => TrustStore::default(),
        };
        #[expect(clippy::expect_used, reason = "it puts two values together and has no way to fail")]
        let context = TlsContext::builder().with_trust_store(trust).build().expect("a context");
        Ok(Self {
            services: client(context.clone(), ProxyConfig::from_env()),
            local: client(context, ProxyConfig::disabled()),
        })
    }
}

fn client(context: TlsContext, proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(proxy.clone()));
        let connector = connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.tls_context(context.clone()).build()
    })
}

/// The file's text, in which every certificate is one.
fn read(path: &Path) -> Result<Vec<u8>, CaBundleError> {
    let path_of = || path.to_owned();
    let pem = bytes_of(path, LIMIT).map_err(|error| match error {
        FileError::Unreadable(source) => CaBundleError::Unreadable { path: path_of(), source },
        FileError::NotRegular => CaBundleError::NotRegular { path: path_of() },
        FileError::Long => CaBundleError::Long { path: path_of() },
    })?;
    let mut roots = RootCertStore::empty();
    for (at, certificate) in CertificateDer::pem_slice_iter(&pem).enumerate() {
        let wrong = |message| CaBundleError::Certificate { path: path.to_owned(), at: at + 1, message };
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() { Err(CaBundleError::Empty { path: path.to_owned() }) } else { Ok(pem.to_vec()) }
}

#[cfg(test)]
mod tests {
    use super::{CaBundleError, HttpClients};
    use std::io::Write as _;

    fn bundle(text: &str) -> CaBundleError {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        HttpClients::new(Some(file.path())).unwrap_err()
    }

    #[test]
    fn a_bundle_that_the_sdk_would_panic_over_is_refused_with_the_place() {
        assert!(matches!(bundle(""), CaBundleError::Empty { .. }));
        assert!(matches!(bundle("not a certificate"), CaBundleError::Empty { .. }));
        let cut = "-----BEGIN CERTIFICATE-----\nMIIB\n";
        assert!(matches!(bundle(cut), CaBundleError::Certificate { at: 1, .. }), "{:?}", bundle(cut));
        let garbage = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        assert!(matches!(bundle(garbage), CaBundleError::Certificate { at: 1, .. }));
        let missing = HttpClients::new(Some(std::path::Path::new("/nonexistent/ca.pem"))).unwrap_err();
        assert!(matches!(missing, CaBundleError::Unreadable { .. }));
        let device = HttpClients::new(Some(std::path::Path::new("/dev/zero"))).unwrap_err();
        assert!(matches!(device, CaBundleError::NotRegular { .. }));
        assert!(matches!(bundle(&"x".repeat(super::LIMIT + 1)), CaBundleError::Long { .. }));
    }
}
