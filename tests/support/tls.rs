//! TLS in front of a server of this host: under a certificate that only its own bundle
//! trusts, or under one that the test made.

use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// TLS under a certificate of its own, until dropped.
pub struct SelfSignedTls {
    folder: TempDir,
    end: TlsTerminator,
}

impl SelfSignedTls {
    /// In front of this port of 127.0.0.1.
    pub fn start(backend: u16) -> Self {
        Self::start_at("127.0.0.1", backend)
    }

    /// The same at another address, which the test's network has.
    pub fn start_at(address: &str, backend: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=localhost", "-addext", &format!("subjectAltName=IP:{address}")])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "certificate.pem"])
            .current_dir(folder.path())
            .output()
            .expect("openssl makes the certificate");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let certificate = CertificateDer::from_pem_file(folder.path().join("certificate.pem")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(folder.path().join("key.pem")).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![certificate], key))
            .expect("a TLS configuration");
        Self { folder, end: TlsTerminator::start_at(address, Backend::Port(backend), config) }
    }

    /// The port that it listens at.
    pub fn port(&self) -> u16 {
        self.end.port
    }

    /// For `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}", self.end.port)
    }

    /// For `AWS_CA_BUNDLE`.
    pub fn bundle(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }
}

/// What is behind.
#[derive(Clone)]
pub enum Backend {
    /// A port of 127.0.0.1.
    Port(u16),
    /// A Unix socket.
    Socket(PathBuf),
}

/// The end of TLS alone, under whatever certificate, until dropped.
pub struct TlsTerminator {
    port: u16,
    _runtime: Runtime,
}

impl TlsTerminator {
    /// At 127.0.0.1.
    pub fn start(backend: Backend, config: ServerConfig) -> Self {
        Self::start_at("127.0.0.1", backend, config)
    }

    fn start_at(address: &str, backend: Backend, config: ServerConfig) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind((address, 0))).expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        runtime.handle().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, backend) = (acceptor.clone(), backend.clone());
                // It ends with the runtime, which this value owns.
                tokio::runtime::Handle::current().spawn(async move {
                    // A client that does not trust the certificate, or has none, leaves here.
                    let Ok(client) = acceptor.accept(client).await else { return };
                    match backend {
                        Backend::Port(port) => join(client, TcpStream::connect(("127.0.0.1", port)).await).await,
                        Backend::Socket(path) => join(client, UnixStream::connect(path).await).await,
                    }
                });
            }
        });
        Self { port, _runtime: runtime }
    }

    /// For `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }
}

/// Passes everything on, both ways, until one end closes.
async fn join(mut client: TlsStream<TcpStream>, server: io::Result<impl AsyncRead + AsyncWrite + Unpin>) {
    let mut server = server.expect("the server behind");
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
