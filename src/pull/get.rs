//! A question to the engine past bollard, which shows no response headers and drops the
//! fields that only Podman has.

use bytes::Bytes;
use http::{Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};

use super::docker::DockerAddress;
use super::engine_error::{EngineError, Unreachable};

/// More than any answer that is asked for here, in bytes.
const LIMIT: usize = 1 << 20;

type Broken = Box<dyn std::error::Error + Send + Sync>;

/// `GET path`, on a connection of its own. The caller bounds the wait.
pub(super) async fn get(address: &DockerAddress, path: Uri) -> Result<Response<Bytes>, EngineError> {
    let failed = |error: std::io::Error| address.unreachable(Unreachable::from(&error));
    let answer = match address {
        DockerAddress::Unix(socket) => {
            ask(TokioIo::new(UnixStream::connect(socket).await.map_err(failed)?), path).await
        }
        DockerAddress::Tcp(host) => ask(TokioIo::new(TcpStream::connect(host).await.map_err(failed)?), path).await,
    };
    answer.map_err(|error| address.unreachable(Unreachable::Broke(error.to_string())))
}

async fn ask<S: Read + Write + Unpin>(stream: S, path: Uri) -> Result<Response<Bytes>, Broken> {
    let (mut sender, connection) = http1::handshake(stream).await?;
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = path;
    request.headers_mut().insert(header::HOST, header::HeaderValue::from_static("docker"));
    let answer = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, LIMIT).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    // The connection moves only while it is polled. Should it end first, the engine hung up,
    // and the answer says so.
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        ended = connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(error.into()),
        },
    }
}
