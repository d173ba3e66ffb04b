//! Responses and their bodies.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use hyper::body::Frame;
use serde::Serialize;

pub(super) use crate::agent::metrics::CONTENT_TYPE as TEXT;
use crate::report::ndjson::EventQueue;

pub(super) const JSON: &str = "application/json";
pub(super) const NDJSON: &str = "application/x-ndjson";

/// A complete body, or a stream of events.
pub(super) type ResponseBody = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;

pub(super) type ApiResponse = Response<ResponseBody>;

pub(super) fn new(status: StatusCode, media_type: &'static str, body: ResponseBody) -> ApiResponse {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Result<ApiResponse, serde_json::Error> {
    Ok(new(status, JSON, full(serde_json::to_vec(value)?)))
}

pub(super) fn full(body: impl Into<Bytes>) -> ResponseBody {
    Either::Left(Full::new(body.into()))
}

/// Streams events as they happen. Dropping the body drops `lines`, which ends the subscription of
/// a client that has disconnected.
pub(super) fn event_stream(lines: Arc<EventQueue>) -> ResponseBody {
    let events = stream::unfold(lines, |lines| async { Some((lines.next().await?, lines)) });
    Either::Right(StreamBody::new(events.map(|events| Ok(Frame::data(Bytes::from(events))))).boxed_unsync())
}
