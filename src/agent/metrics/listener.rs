//! The metrics over HTTP, for a Prometheus on this host.
//!
//! It is on a loopback address and serves one page; nothing can be asked or told there. Who
//! holds a connection holds one of a few, and for a few seconds.

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

/// Connections at the same time; others wait in the kernel's queue.
const CONNECTIONS: usize = 4;

/// The longest life of a connection. A scrape is over within milliseconds.
const CONNECTION_TIME: Duration = Duration::from_secs(10);

/// The wait after a connection could not be accepted: without descriptors, asking again at
/// once would fail again.
const PAUSE: Duration = Duration::from_secs(1);

/// A listener on a loopback address.
#[derive(Debug)]
pub struct Listener {
    listener: StdListener,
    address: SocketAddr,
}

/// There can be no listener.
#[derive(Debug, thiserror::Error)]
#[error("metrics.listen: {address} cannot be listened at")]
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
        is_in_use.then(|| "another program listens there: take another port".to_owned())
    }
}

impl Listener {
    /// Begins to listen. The settings let no other address than a loopback one pass.
    ///
    /// # Errors
    /// [`ListenerError`], when the system does not let it.
    pub fn bind(address: SocketAddr) -> Result<Self, ListenerError> {
        let bound = StdListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(Self { address: listener.local_addr()?, listener })
        });
        bound.map_err(|source| ListenerError { address, source })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves for as long as this is waited for, what `render` makes at that moment.
    ///
    /// # Errors
    /// Whatever the system says against it at the start.
    pub async fn serve(self, render: impl Fn() -> String) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener)?;
        let mut connections = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                    Ok((stream, _)) => connections.push(connection(stream, &render)),
                    Err(error) => {
                        tracing::warn!(%error, "a connection to the metrics was not accepted");
                        sleep(PAUSE).await;
                    }
                },
                Some(()) = connections.next() => {}
            }
        }
    }
}

async fn connection(stream: TcpStream, render: &impl Fn() -> String) {
    let service = service_fn(async |request| Ok::<_, Infallible>(answer(&request, render)));
    let mut server = http1::Builder::new();
    let server = server.timer(TokioTimer::new()).header_read_timeout(CONNECTION_TIME).max_buf_size(16 * 1_024);
    let exchange = pin!(server.keep_alive(false).serve_connection(TokioIo::new(stream), service));
    match timeout(CONNECTION_TIME, exchange).await {
        Ok(Err(error)) => tracing::debug!(%error, "a connection to the metrics broke"),
        Ok(Ok(())) => {}
        Err(_) => tracing::debug!("a connection to the metrics took too long"),
    }
}

fn answer(request: &Request<Incoming>, render: &impl Fn() -> String) -> Response<Full<Bytes>> {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let (status, text) = match request.uri().path() {
        "/metrics" if is_read => (StatusCode::OK, render()),
        "/metrics" => (StatusCode::METHOD_NOT_ALLOWED, "the metrics are read with GET\n".to_owned()),
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
