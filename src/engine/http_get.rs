//! A question to the engine past bollard, which shows no response headers, drops the fields
//! that only Podman has, and loses why an engine behind TLS refuses a client.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;

use crate::engine::address::DockerAddress;
use crate::engine::connection::{ConnectionError, connect};
use crate::engine::engine_error::EngineError;

/// More than any answer that is asked for here, in bytes; what comes after it is not read.
const LIMIT: usize = 1 << 20;

/// `GET path`, on a connection of its own. The caller bounds the wait.
pub(crate) async fn get(address: &DockerAddress, path: Uri) -> Result<Response<Bytes>, EngineError> {
    ask(address, path).await.map_err(|error| address.broken(&*error))
}

async fn ask(address: &DockerAddress, path: Uri) -> Result<Response<Bytes>, ConnectionError> {
    let (mut sender, mut connection) = connect(address).await?;
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = path;
    request.headers_mut().insert(header::HOST, HeaderValue::from_static("docker"));
    let answer = connection.beside(async { read(sender.send_request(request).await?).await }).await?;
    connection.whole()?;
    Ok(answer)
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
