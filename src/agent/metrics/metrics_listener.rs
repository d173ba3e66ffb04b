//! Serves the metrics over HTTP, for a Prometheus on this host.
//!
//! The listener has a loopback address and one read-only page. Connections are few and short, so
//! that a client that keeps them open cannot block the next scrape for long.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::error::{Class, Explain, Link};

/// Connections served at the same time; further ones wait in the kernel's backlog.
const MAX_CONNECTIONS: usize = 4;

/// Longest duration of a connection. A scrape takes milliseconds.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Pause after a connection could not be accepted. Without file descriptors, an immediate retry
/// would fail again.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Listens on a loopback address (`metrics.listen`).
#[derive(Debug)]
pub struct MetricsListener {
    listener: StdListener,
    address: SocketAddr,
}

/// The address of `metrics.listen` cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("metrics.listen: cannot listen on {address}")]
pub struct ListenerError {
    address: SocketAddr,
    source: io::Error,
}

impl Explain for ListenerError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        self.address.to_string()
    }

    fn hint(&self) -> Option<String> {
        let is_in_use = self.source.kind() == io::ErrorKind::AddrInUse;
        is_in_use.then(|| "another program uses this port; set `metrics.listen` to another one".to_owned())
    }
}

impl MetricsListener {
    /// Starts to listen. The settings have checked that the address is a loopback address.
    ///
    /// # Errors
    /// [`ListenerError`], if the system refuses, for example because the port is in use.
    pub fn bind(address: SocketAddr) -> Result<Self, ListenerError> {
        let bound = StdListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(Self { address: listener.local_addr()?, listener })
        });
        bound.map_err(|source| ListenerError { address, source })
    }

    /// The address, with the port that the system chose if the configured port is 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves the text that `render` returns, until the future is dropped.
    ///
    /// # Errors
    /// If the runtime cannot register the socket.
    pub async fn serve(self, render: impl Fn() -> String) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener)?;
        let mut connections = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                    Ok((stream, _)) => connections.push(serve_connection(stream, &render)),
                    Err(error) => {
                        tracing::warn!(%error, "accepting a metrics connection failed");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(()) = connections.next() => {}
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, render: &impl Fn() -> String) {
    let service = service_fn(async |request| Ok::<_, Infallible>(respond(&request, render)));
    let mut server = http1::Builder::new();
    let server = server.timer(TokioTimer::new()).header_read_timeout(CONNECTION_TIMEOUT).max_buf_size(16 * 1_024);
    let exchange = pin!(server.keep_alive(false).serve_connection(TokioIo::new(stream), service));
    match timeout(CONNECTION_TIMEOUT, exchange).await {
        Ok(Err(error)) => tracing::debug!(%error, "metrics connection failed"),
        Ok(Ok(())) => {}
        Err(_) => tracing::debug!("metrics connection timed out"),
    }
}

fn respond(request: &Request<Incoming>, render: &impl Fn() -> String) -> Response<Full<Bytes>> {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let (status, text) = match request.uri().path() {
        "/metrics" if is_read => (StatusCode::OK, render()),
        "/metrics" => (StatusCode::METHOD_NOT_ALLOWED, "use GET\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "the metrics are at /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(super::CONTENT_TYPE));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
