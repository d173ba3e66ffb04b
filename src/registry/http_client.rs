//! A minimal HTTP client: each request has its own connection, responses are bounded, and redirects
//! are not followed.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs as provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The longest manifest, in bytes: the limit of the registry `distribution`.
pub(super) const MANIFEST_LIMIT: usize = 4 << 20;

/// The longest response to any other request, in bytes; a token has a few thousand.
pub(super) const RESPONSE_LIMIT: usize = 256 << 10;

/// The body of a request.
pub(super) type Body = Full<Bytes>;

/// A response with its whole body.
pub(super) type HttpResponse = Response<Bytes>;

const USER_AGENT: &str = concat!("taskpull/", env!("CARGO_PKG_VERSION"));

type TransportError = Box<dyn std::error::Error + Send + Sync>;

/// The empty body.
pub(super) fn empty_body() -> Body {
    Full::default()
}

/// A body of these bytes.
pub(super) fn full_body(bytes: Bytes) -> Body {
    Full::new(bytes)
}

/// A minimal HTTP client. It reads the trusted certificates once, when it first needs them.
#[derive(Debug, Default)]
pub(super) struct HttpClient {
    tls: Tls,
}

impl HttpClient {
    /// Sends a request to the host of its URI, with TLS if the scheme is `https`. The body of the
    /// response may have at most `limit` bytes.
    pub(super) async fn send(&self, mut request: Request<Body>, limit: usize) -> Result<HttpResponse, RegistryError> {
        let uri = std::mem::take(request.uri_mut());
        let Address { host, port, has_tls } = Address::parse(&uri)?;
        *request.uri_mut() =
            uri.path_and_query().map(ToString::to_string).unwrap_or_default().parse().map_err(invalid_uri)?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        request.headers_mut().insert(header::HOST, HeaderValue::from_str(authority).map_err(invalid_uri)?);
        request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let stream = TcpStream::connect((host, port)).await.map_err(RegistryError::Unreachable)?;
        let response = if has_tls {
            let stream = self.tls.connect(host, stream).await.map_err(RegistryError::Unreachable)?;
            exchange(TokioIo::new(stream), request, limit).await
        } else {
            exchange(TokioIo::new(stream), request, limit).await
        };
        response.map_err(registry_error)
    }
}

/// Drops the error of a library, which may quote the request or the response, unless it is about
/// the length of the response.
fn registry_error(error: TransportError) -> RegistryError {
    error.downcast().map_or(RegistryError::ConnectionLost, |error| RegistryError::ResponseTooLong(*error))
}

fn invalid_uri<E>(_: E) -> RegistryError {
    RegistryError::Unreachable(io::ErrorKind::InvalidInput.into())
}

/// The server of a URI.
struct Address<'a> {
    host: &'a str,
    port: u16,
    has_tls: bool,
}

impl<'a> Address<'a> {
    fn parse(uri: &'a Uri) -> Result<Self, RegistryError> {
        let host = uri.host().ok_or(()).map_err(invalid_uri)?.trim_matches(['[', ']']);
        let has_tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if has_tls { 443 } else { 80 });
        Ok(Self { host, port, has_tls })
    }
}

/// Sends one request over a connection and reads the response.
async fn exchange<S: Read + Write + Unpin>(
    stream: S,
    request: Request<Body>,
    limit: usize,
) -> Result<HttpResponse, TransportError> {
    let (mut sender, connection) = http1::handshake(stream).await?;
    let response = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, limit).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    // The connection makes progress only while it is polled, and may end together with the response.
    let mut response = std::pin::pin!(response);
    tokio::select! {
        response = &mut response => response,
        ended = connection => match ended {
            Ok(()) => response.await,
            Err(error) => Err(error.into()),
        },
    }
}

/// The TLS configuration, which is loaded for the first connection.
#[derive(Debug, Default)]
pub(super) struct Tls(OnceCell<Arc<ClientConfig>>);

impl Tls {
    /// Starts TLS on a connection.
    pub(super) async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = self.0.get_or_try_init(load_config).await?;
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(Arc::clone(config)).connect(name, stream).await
    }
}

/// Loads the certificates on a blocking thread, because there are hundreds of files.
async fn load_config() -> io::Result<Arc<ClientConfig>> {
    let certificates =
        tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await.map_err(io::Error::other)?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.certs);
    let provider = Arc::new(provider::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(Arc::new(config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth()))
}

/// Why a request to a registry or its token service failed. Nothing of the response is in it but
/// the status, because a response may repeat a login.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no connection.
    #[error("the server cannot be reached")]
    Unreachable(#[source] io::Error),
    /// The connection ended before the response did.
    #[error("the connection was lost")]
    ConnectionLost,
    /// The response is longer than any valid one.
    #[error("the response is too long")]
    ResponseTooLong(#[source] LengthLimitError),
    /// The response has a different status than expected.
    #[error("the server answered HTTP {0}")]
    Status(u16),
    /// The registry requires a kind of authentication that taskpull does not support.
    #[error("the registry requires a kind of authentication that taskpull does not support")]
    UnsupportedChallenge,
    /// The registry requires credentials and there are none, or not of the required kind.
    #[error("the registry requires credentials, and none are configured")]
    NoCredentials,
    /// The name of the image cannot be part of a URL.
    #[error("the name of the image cannot be part of a URL")]
    Uri,
    /// The content of the response is invalid.
    #[error("the response cannot be used: {0}")]
    InvalidResponse(&'static str),
}
