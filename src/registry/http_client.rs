//! A minimal HTTP client: each request has its own connection, responses are bounded, and only
//! redirects within the same server are followed.

use std::io;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::http_response::HttpResponse;
use super::redirect::{RedirectTarget, redirect_target};
use super::registry_error::RegistryError;
use super::tls::{Tls, tls_error};

/// The longest manifest, in bytes: the limit of the registry `distribution`.
pub(super) const MANIFEST_LIMIT: usize = 4 << 20;

/// The longest response to any other request, in bytes; a token has a few thousand.
pub(super) const RESPONSE_LIMIT: usize = 256 << 10;

/// The most redirects of one request.
const REDIRECT_LIMIT: usize = 5;

/// The body of a request.
pub(super) type Body = Full<Bytes>;

const USER_AGENT: &str = concat!("taskpull/", env!("CARGO_PKG_VERSION"));

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
    /// Sends a request to the host of its URI, with TLS if the scheme is `https`, and follows
    /// redirects within that server. The body of the response may have at most `limit` bytes; an
    /// error's longer body is cut.
    pub(super) async fn send(&self, mut request: Request<Body>, limit: usize) -> Result<HttpResponse, RegistryError> {
        for _ in 0..REDIRECT_LIMIT {
            let response = self.send_once(request.clone(), limit).await?;
            match redirect_target(request.uri(), request.method(), &response) {
                None => return Ok(response),
                Some(RedirectTarget::SameServer(uri)) => *request.uri_mut() = uri,
                Some(RedirectTarget::OtherServer(to)) => return Err(RegistryError::Redirect { to }),
            }
        }
        Err(RegistryError::InvalidResponse("it is the last of many redirects"))
    }

    async fn send_once(&self, mut request: Request<Body>, limit: usize) -> Result<HttpResponse, RegistryError> {
        let uri = std::mem::take(request.uri_mut());
        let Address { host, port, has_tls } = Address::parse(&uri)?;
        *request.uri_mut() =
            uri.path_and_query().map(ToString::to_string).unwrap_or_default().parse().map_err(invalid_uri)?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        request.headers_mut().insert(header::HOST, HeaderValue::from_str(authority).map_err(invalid_uri)?);
        request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        // A compressed response could not be read.
        request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let failed = |source| connection_error(authority, source);
        let stream = TcpStream::connect((host, port)).await.map_err(failed)?;
        if has_tls {
            let stream = self.tls.connect(host, stream).await.map_err(failed)?;
            exchange(authority, TokioIo::new(stream), request, limit).await
        } else {
            exchange(authority, TokioIo::new(stream), request, limit).await
        }
    }
}

fn connection_error(host: &str, source: io::Error) -> RegistryError {
    let host = host.to_owned();
    match tls_error(&source) {
        Some(source) => RegistryError::Tls { host, source },
        None => RegistryError::Unreachable { host, source },
    }
}

/// The error of a connection that ended early. A server may refuse TLS only at this point.
fn lost_connection(host: &str, error: &hyper::Error) -> RegistryError {
    let host = host.to_owned();
    match tls_error(error) {
        Some(source) => RegistryError::Tls { host, source },
        None => RegistryError::ConnectionLost { host },
    }
}

fn invalid_uri<E>(_: E) -> RegistryError {
    RegistryError::Uri
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

/// Sends one request over a connection and reads the response. The error of the library is dropped,
/// because it may quote the request or the response.
async fn exchange<S: Read + Write + Unpin>(
    host: &str,
    stream: S,
    request: Request<Body>,
    limit: usize,
) -> Result<HttpResponse, RegistryError> {
    let lost = |error: hyper::Error| lost_connection(host, &error);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(lost)?;
    let response = async {
        let (head, body) = sender.send_request(request).await.map_err(lost)?.into_parts();
        let body = read_body(host, body, limit, !head.status.is_success()).await?;
        Ok(Response::from_parts(head, body))
    };
    // The connection makes progress only while it is polled, and may end together with the response.
    let mut response = std::pin::pin!(response);
    tokio::select! {
        response = &mut response => response,
        ended = connection => match ended {
            Ok(()) => response.await,
            Err(error) => Err(lost(error)),
        },
    }
}

/// Reads a body up to a limit. `can_cut` keeps what has been read of a longer body.
async fn read_body(host: &str, mut body: Incoming, limit: usize, can_cut: bool) -> Result<Bytes, RegistryError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| lost_connection(host, &error))?;
        read.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        match (read.len() > limit, can_cut) {
            (false, _) => {}
            (true, true) => {
                read.truncate(limit);
                break;
            }
            (true, false) => return Err(RegistryError::ResponseTooLong { limit }),
        }
    }
    Ok(read.freeze())
}
