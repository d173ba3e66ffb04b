//! One request and its answer, on a connection of its own: bounded, and never redirected.

use std::io;
use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::registry_error::RegistryError;
use super::tls::Tls;

/// The longest manifest that registries take, in bytes (distribution's own limit).
pub(super) const MANIFEST: usize = 4 << 20;

/// The longest answer to any other question, in bytes; a token has some thousand.
pub(super) const SHORT: usize = 256 << 10;

/// What is sent.
pub(super) type Body = Full<Bytes>;

/// What comes back, whole.
pub(super) type Answer = Response<Bytes>;

const AGENT: &str = concat!("taskpull/", env!("CARGO_PKG_VERSION"));

type Lost = Box<dyn std::error::Error + Send + Sync>;

/// No body.
pub(super) fn no_body() -> Body {
    Full::default()
}

/// A body of these bytes.
pub(super) fn with_body(bytes: Bytes) -> Body {
    Full::new(bytes)
}

/// Whether this is a name of this host's own, with or without a port: an address of
/// 127.0.0.0/8, `[::1]`, `localhost`.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = match host.rfind(':') {
        Some(colon) if !host.ends_with(']') => &host[..colon],
        _ => host,
    };
    let address = name.trim_matches(['[', ']']).parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The way to a registry: whom it trusts is read once, when first needed.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    tls: Tls,
}

impl Exchange {
    /// Sends a request to the host of its URI, with TLS if the URI says so, for an answer of at
    /// most `limit` bytes.
    pub(super) async fn send(&self, mut request: Request<Body>, limit: usize) -> Result<Answer, RegistryError> {
        let uri = std::mem::take(request.uri_mut());
        let (host, port, has_tls) = target(&uri)?;
        *request.uri_mut() = uri.path_and_query().map(ToString::to_string).unwrap_or_default().parse().map_err(bad)?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        request.headers_mut().insert(header::HOST, HeaderValue::from_str(authority).map_err(bad)?);
        request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        let stream = TcpStream::connect((host, port)).await.map_err(RegistryError::Unreachable)?;
        let answer = if has_tls {
            let stream = self.tls.connect(host, stream).await.map_err(RegistryError::Unreachable)?;
            ask(TokioIo::new(stream), request, limit).await
        } else {
            ask(TokioIo::new(stream), request, limit).await
        };
        answer.map_err(lost)
    }
}

/// A library's error may quote what was sent or said; that of the limit says nothing more.
fn lost(error: Lost) -> RegistryError {
    error.downcast().map_or(RegistryError::Broken, |error| RegistryError::TooLong(*error))
}

fn bad<E>(_: E) -> RegistryError {
    RegistryError::Unreachable(io::ErrorKind::InvalidInput.into())
}

/// Host, port, and whether there is TLS.
fn target(uri: &Uri) -> Result<(&str, u16, bool), RegistryError> {
    let host = uri.host().ok_or(()).map_err(bad)?;
    let has_tls = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if has_tls { 443 } else { 80 });
    Ok((host.trim_matches(['[', ']']), port, has_tls))
}

async fn ask<S: Read + Write + Unpin>(stream: S, request: Request<Body>, limit: usize) -> Result<Answer, Lost> {
    let (mut sender, connection) = http1::handshake(stream).await?;
    let answer = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, limit).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    // The connection moves only while it is polled, and may end with the answer.
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        ended = connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(error.into()),
        },
    }
}
