//! A certificate authority of the test's own, and what it signs, made by `openssl`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// The authority. Its files go when it is dropped.
pub struct CertificateAuthority {
    folder: TempDir,
}

/// Whom a server lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// Everybody.
    None,
    /// Those with a certificate of the same authority.
    Required,
}

impl CertificateAuthority {
    pub fn new() -> Self {
        let pki = Self { folder: tempfile::tempdir().expect("a folder") };
        let req = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=the tests' authority"];
        let ca = ["-addext", "basicConstraints=critical,CA:TRUE", "-keyout", "ca-key.pem", "-out", "ca.pem"];
        pki.openssl(&[&req[..], &NEW_KEY, &ca].concat());
        pki
    }

    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server at this place of the certificate, such as `IP:127.0.0.1`, which ends after
    /// so many days.
    pub fn server(&self, place: &str, days: i32, clients: ClientAuth) -> ServerConfig {
        let extensions = format!("subjectAltName={place}\nbasicConstraints=critical,CA:FALSE\n");
        let [certificate, key] = self.issue("server", days, &extensions);
        let certificate = CertificateDer::from_pem_file(certificate).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(key).expect("a key");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let config = config.expect("versions of TLS");
        let config = if clients == ClientAuth::Required {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(self.ca()).expect("the authority")).expect("a root");
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
            config.with_client_cert_verifier(verifier.expect("a verifier"))
        } else {
            config.with_no_client_auth()
        };
        config.with_single_cert(vec![certificate], key).expect("a TLS configuration")
    }

    /// Puts what a client of Docker has into a folder: `ca.pem`, `cert.pem`, `key.pem`.
    pub fn client(&self, folder: &Path) {
        std::fs::copy(self.ca(), folder.join("ca.pem")).expect("a copy");
        let files = self.issue("client", 2, "extendedKeyUsage=clientAuth\n");
        for (from, to) in files.into_iter().zip(["cert.pem", "key.pem"]) {
            std::fs::copy(from, folder.join(to)).expect("a copy");
        }
    }

    /// The files of a certificate and of its key.
    fn issue(&self, name: &str, days: i32, extensions: &str) -> [PathBuf; 2] {
        let path = |end: &str| self.folder.path().join(format!("{name}{end}"));
        let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
        let [key, request, certificate, ext] = ["-key.pem", ".csr", ".pem", ".ext"].map(|end| text(path(end)));
        std::fs::write(&ext, extensions).expect("a file");
        let req = ["req", "-nodes", "-subj", "/CN=of the tests", "-keyout", &key, "-out", &request];
        self.openssl(&[&req[..], &NEW_KEY].concat());
        let sign = ["x509", "-req", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-extfile", &ext];
        let days = days.to_string();
        self.openssl(&[&sign[..], &["-in", &request, "-days", &days, "-out", &certificate]].concat());
        [certificate.into(), key.into()]
    }

    fn openssl(&self, arguments: &[&str]) {
        let made = Command::new("openssl").args(arguments).current_dir(self.folder.path()).output();
        let made = made.expect("openssl");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}

const NEW_KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
