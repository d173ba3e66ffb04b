//! Certificates for TLS in tests: an authority of the test, and self-signed certificates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// Which clients a server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// All clients.
    None,
    /// Only clients with a certificate of the same authority.
    Required,
}

/// Whether a certificate is valid now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    Valid,
    Expired,
    NotYet,
}

/// A certificate authority. Its files are deleted when it is dropped.
pub struct CertificateAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl CertificateAuthority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "the tests' authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, new_key()).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).expect("a file");
        Self { issuer, folder }
    }

    /// The certificate of the authority, in PEM.
    pub fn ca_path(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The configuration of a server whose certificate names this IP address or DNS name.
    pub fn server_config(&self, name: &str, validity: Validity, client_auth: ClientAuth) -> ServerConfig {
        let mut params = server_params(name);
        match validity {
            Validity::Valid => {}
            Validity::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Validity::NotYet => params.not_before = date_time_ymd(2090, 1, 1),
        }
        let key = new_key();
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        server_config(&certificate, key, (client_auth == ClientAuth::Required).then_some(self.issuer.as_ref()))
    }

    /// Writes the files of a Docker client into a folder: `ca.pem`, `cert.pem`, `key.pem`.
    pub fn write_client_files(&self, folder: &Path) {
        let mut params = CertificateParams::default();
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        let key = new_key();
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let files = [("ca.pem", self.issuer.pem()), ("cert.pem", certificate.pem()), ("key.pem", key.serialize_pem())];
        for (name, content) in files {
            std::fs::write(folder.join(name), content).expect("a file");
        }
    }
}

/// A server with a self-signed certificate, which only clients with that certificate trust.
pub struct SelfSigned {
    pub config: ServerConfig,
    pub certificate_pem: String,
}

impl SelfSigned {
    /// Creates a certificate for this IP address.
    pub fn new(address: &str) -> Self {
        let key = new_key();
        let certificate = server_params(address).self_signed(&key).expect("a certificate");
        Self { certificate_pem: certificate.pem(), config: server_config(&certificate, key, None) }
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn server_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).expect("an IP address or a DNS name");
    params.is_ca = IsCa::ExplicitNoCa;
    params
}

/// A server that requires client certificates of `client_authority`, if there is one.
fn server_config(certificate: &Certificate, key: KeyPair, client_authority: Option<&Certificate>) -> ServerConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let config = config.expect("protocol versions");
    let config = if let Some(authority) = client_authority {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).expect("a root certificate");
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
        config.with_client_cert_verifier(verifier.expect("a verifier"))
    } else {
        config.with_no_client_auth()
    };
    config.with_single_cert(vec![certificate.der().clone()], key.into()).expect("a TLS configuration")
}
