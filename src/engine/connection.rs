//! A connection to the engine for one request, without bollard.
//!
//! bollard shows no response headers and hides why an engine behind TLS refuses a client. No task
//! drives the connection: it progresses while a caller waits for its data, and closes when the
//! response is dropped.

use std::error::Error;
use std::future::Future;
use std::pin::pin;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _};
use http::Request;
use http::response::Parts;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::engine::endpoint::DockerAddress;
use crate::engine::engine_error::EngineError;

/// Limit of the read buffer, in bytes; the head of a response must fit.
const READ_BUFFER: usize = 8 << 10;

type ConnectionError = Box<dyn Error + Send + Sync>;

/// A response, of which the body is still to come.
pub(crate) struct EngineResponse<'a> {
    pub head: Parts,
    body: Incoming,
    driver: Driver,
    address: &'a DockerAddress,
}

impl<'a> EngineResponse<'a> {
    /// Connects to the engine, sends the request and waits for the head of the response.
    pub(crate) async fn request(
        address: &'a DockerAddress,
        request: Request<Empty<Bytes>>,
    ) -> Result<Self, EngineError> {
        let (mut sender, mut driver) = connect(address).await.map_err(|error| address.connection_failed(&*error))?;
        let response = driver.run(sender.send_request(request)).await;
        let (head, body) = response.map_err(|error| address.connection_failed(&error))?.into_parts();
        Ok(Self { head, body, driver, address })
    }

    /// Returns the next part of the body, or `None` at its end.
    pub(crate) async fn next_chunk(&mut self) -> Result<Option<Bytes>, EngineError> {
        let frame = self.driver.run(async { self.body.frame().await.transpose() }).await;
        let chunk = match frame {
            Ok(Some(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
            Ok(None) => self.driver.take_error().map_or(Ok(None), Err),
            Err(error) => Err(error),
        };
        chunk.map_err(|error| self.address.connection_failed(&error))
    }

    /// Reads at most `limit` bytes of the body; what follows is not read.
    pub(crate) async fn read_body(&mut self, limit: usize) -> Result<Bytes, EngineError> {
        let mut body = Vec::new();
        while body.len() < limit {
            let Some(chunk) = self.next_chunk().await? else { break };
            body.extend_from_slice(&chunk);
        }
        body.truncate(limit);
        Ok(body.into())
    }
}

async fn connect(address: &DockerAddress) -> Result<(SendRequest<Empty<Bytes>>, Driver), ConnectionError> {
    match address {
        DockerAddress::Unix(socket) => handshake(UnixStream::connect(socket).await?).await,
        DockerAddress::Tcp(host) => handshake(TcpStream::connect(host).await?).await,
        DockerAddress::Tls { host, tls } => {
            let stream = TcpStream::connect(host).await?;
            handshake(tls.connect(host, stream).await?).await
        }
    }
}

async fn handshake<S>(stream: S) -> Result<(SendRequest<Empty<Bytes>>, Driver), ConnectionError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = Builder::new().max_buf_size(READ_BUFFER).handshake(TokioIo::new(stream)).await?;
    Ok((sender, Driver { connection: Some(connection.boxed()), error: None }))
}

/// The future that moves the bytes of a connection, until it ends, and its error after that.
struct Driver {
    connection: Option<BoxFuture<'static, hyper::Result<()>>>,
    error: Option<hyper::Error>,
}

impl Driver {
    /// Runs an operation on the connection while driving it.
    ///
    /// If the connection ends first, the operation can still complete with data that has arrived.
    /// If it fails, the connection's error is the reason: in TLS 1.3 an engine refuses the client's
    /// certificate only now, possibly before the request is sent.
    async fn run<T>(&mut self, operation: impl Future<Output = hyper::Result<T>>) -> hyper::Result<T> {
        let mut operation = pin!(operation);
        if let Some(connection) = &mut self.connection {
            tokio::select! {
                biased;
                result = &mut operation => return result,
                end = connection => {
                    self.connection = None;
                    self.error = end.err();
                }
            }
        }
        let result = operation.await;
        if result.is_err() { self.take_error().map_or(result, Err) } else { result }
    }

    /// The error with which the connection ended. With one, a body that looks complete may not be.
    fn take_error(&mut self) -> Option<hyper::Error> {
        self.error.take()
    }
}
