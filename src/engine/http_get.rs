//! `GET` requests without bollard, which drops the fields that only Podman returns.

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Empty;

use crate::engine::connection::EngineResponse;
use crate::engine::endpoint::DockerAddress;
use crate::engine::engine_error::EngineError;

/// Limit of a response, in bytes, which no expected response reaches; the rest is not read.
const LIMIT: usize = 1 << 20;

/// Sends `GET path` on a new connection. The caller bounds the wait.
pub(crate) async fn get(address: &DockerAddress, path: &str) -> Result<Response<Bytes>, EngineError> {
    let request = Request::get(path).header(header::HOST, "docker").body(Empty::new());
    let request = request.map_err(|error| address.unexpected_response(error.to_string()))?;
    let mut response = EngineResponse::request(address, request).await?;
    let body = response.read_body(LIMIT).await?;
    Ok(Response::from_parts(response.head, body))
}
