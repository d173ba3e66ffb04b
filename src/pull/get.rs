//! A question to the engine past bollard, which shows no response headers, drops the fields
//! that only Podman has, and loses why an engine behind TLS refuses a client.

use std::error::Error;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::address::DockerAddress;
use super::engine_error::EngineError;

/// More than any answer that is asked for here, in bytes; what comes after it is not read.
const LIMIT: usize = 1 << 20;

type Broken = Box<dyn Error + Send + Sync>;

/// `GET path`, on a connection of its own. The caller bounds the wait.
pub(super) async fn get(address: &DockerAddress, path: Uri) -> Result<Response<Bytes>, EngineError> {
    connect_and_ask(address, path).await.map_err(|error| address.broken(&*error))
}

async fn connect_and_ask(address: &DockerAddress, path: Uri) -> Result<Response<Bytes>, Broken> {
    match address {
        DockerAddress::Unix(socket) => ask(UnixStream::connect(socket).await?, path).await,
        DockerAddress::Tcp(host) => ask(TcpStream::connect(host).await?, path).await,
        DockerAddress::Tls { host, tls } => {
            let stream = TcpStream::connect(host).await?;
            ask(tls.connect(host, stream).await?, path).await
        }
    }
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(stream: S, path: Uri) -> Result<Response<Bytes>, Broken> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = path;
    request.headers_mut().insert(header::HOST, HeaderValue::from_static("docker"));
    // The connection moves only while it is polled. Should it end first, the engine hung up,
    // and the answer says so. In TLS 1.3 an engine refuses the client's certificate only now,
    // possibly before the request is out: a pooled client would lose its reason.
    let mut answer = std::pin::pin!(async { read(sender.send_request(request).await?).await });
    let answer = tokio::select! {
        answer = &mut answer => answer,
        ended = connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(error),
        },
    };
    Ok(answer?)
}

async fn read(answer: Response<Incoming>) -> hyper::Result<Response<Bytes>> {
    let (head, mut body) = answer.into_parts();
    let mut text = Vec::new();
    while text.len() < LIMIT {
        let Some(frame) = body.frame().await.transpose()? else { break };
        text.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    text.truncate(LIMIT);
    Ok(Response::from_parts(head, text.into()))
}
