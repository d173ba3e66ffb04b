//! TLS in front of a server of this host.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use super::pki::SelfSigned;

/// TLS with a self-signed certificate in front of a port, until it is dropped.
pub struct SelfSignedTls {
    folder: TempDir,
    terminator: TlsTerminator,
}

impl SelfSignedTls {
    /// Listens on 127.0.0.1, in front of this port of 127.0.0.1.
    pub fn start(backend: u16) -> Self {
        Self::start_at("127.0.0.1", backend)
    }

    /// Listens on this address, such as one of the test's private network.
    pub fn start_at(address: &str, backend: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let SelfSigned { config, certificate_pem } = SelfSigned::new(address);
        std::fs::write(folder.path().join("certificate.pem"), certificate_pem).expect("a file");
        Self { folder, terminator: TlsTerminator::start_at(address, Backend::Port(backend), config) }
    }

    pub fn port(&self) -> u16 {
        self.terminator.port
    }

    /// The value for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}", self.terminator.port)
    }

    /// The certificate in PEM: the value for `AWS_CA_BUNDLE`.
    pub fn ca_bundle(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }
}

/// The server behind a TLS terminator.
#[derive(Clone)]
pub enum Backend {
    /// A port of 127.0.0.1.
    Port(u16),
    /// The path of a Unix socket.
    Socket(PathBuf),
}

/// Terminates TLS and forwards connections to a backend, until it is dropped.
pub struct TlsTerminator {
    port: u16,
    _runtime: Runtime,
}

impl TlsTerminator {
    /// Listens on a free port of 127.0.0.1.
    pub fn start(backend: Backend, config: ServerConfig) -> Self {
        Self::start_at("127.0.0.1", backend, config)
    }

    /// Listens on this address, such as one of the test's private network.
    pub fn start_at(address: &str, backend: Backend, config: ServerConfig) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind((address, 0))).expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        runtime.handle().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, backend) = (acceptor.clone(), backend.clone());
                // The task ends with the runtime, which this value owns.
                tokio::runtime::Handle::current().spawn(async move {
                    // The handshake fails if the client distrusts the certificate or lacks its own.
                    let Ok(client) = acceptor.accept(client).await else { return };
                    match backend {
                        Backend::Port(port) => forward(client, TcpStream::connect(("127.0.0.1", port)).await).await,
                        Backend::Socket(path) => forward(client, UnixStream::connect(path).await).await,
                    }
                });
            }
        });
        Self { port, _runtime: runtime }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The value for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }
}

/// Forwards data in both directions until one end closes.
async fn forward(mut client: TlsStream<TcpStream>, server: io::Result<impl AsyncRead + AsyncWrite + Unpin>) {
    let mut server = server.expect("the server behind TLS");
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
