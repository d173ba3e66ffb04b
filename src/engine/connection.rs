//! A connection to the engine for one request, past bollard.
//!
//! No task drives it: it moves while somebody waits for its answer, and ends with whoever
//! does.

use std::error::Error;
use std::future::Future;
use std::pin::pin;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _};
use http_body_util::Empty;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::engine::address::DockerAddress;

/// Read ahead at most, in bytes; the head of an answer must fit.
const READ: usize = 8 << 10;

pub(crate) type ConnectionError = Box<dyn Error + Send + Sync>;

/// What moves the bytes of one request and its answer.
pub(crate) struct Connection {
    open: Option<BoxFuture<'static, hyper::Result<()>>>,
    broke: Option<hyper::Error>,
}

/// Connects, as the address says.
pub(crate) async fn connect(
    address: &DockerAddress,
) -> Result<(SendRequest<Empty<Bytes>>, Connection), ConnectionError> {
    match address {
        DockerAddress::Unix(socket) => handshake(UnixStream::connect(socket).await?).await,
        DockerAddress::Tcp(host) => handshake(TcpStream::connect(host).await?).await,
        DockerAddress::Tls { host, tls } => {
            let stream = TcpStream::connect(host).await?;
            handshake(tls.connect(host, stream).await?).await
        }
    }
}

async fn handshake<S>(stream: S) -> Result<(SendRequest<Empty<Bytes>>, Connection), ConnectionError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = Builder::new().max_buf_size(READ).handshake(TokioIo::new(stream)).await?;
    Ok((sender, Connection { open: Some(connection.boxed()), broke: None }))
}

impl Connection {
    /// Waits for something that the connection brings. Should the connection end first, what
    /// it has brought still counts; if it is not what was waited for, the reason is the
    /// connection's own: in TLS 1.3 an engine refuses the client's certificate only now,
    /// possibly before the request is out.
    pub(crate) async fn beside<T>(&mut self, work: impl Future<Output = hyper::Result<T>>) -> hyper::Result<T> {
        let mut work = pin!(work);
        if let Some(open) = &mut self.open {
            tokio::select! {
                biased;
                done = &mut work => return done,
                ended = open => {
                    self.open = None;
                    self.broke = ended.err();
                }
            }
        }
        let done = work.await;
        if done.is_err() { self.whole().and(done) } else { done }
    }

    /// Whether what has come to an end is whole: an error if the connection ended in one.
    pub(crate) fn whole(&mut self) -> hyper::Result<()> {
        self.broke.take().map_or(Ok(()), Err)
    }
}
