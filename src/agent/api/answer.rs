//! Answers, and what their bodies are.

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

use super::problem::{Kind, Problem};
pub(super) use crate::agent::metrics::CONTENT_TYPE as TEXT;
use crate::report::ndjson::EventQueue;

pub(super) const JSON: &str = "application/json";
pub(super) const LINES: &str = "application/x-ndjson";

/// Most bodies are there whole; events come while they happen.
pub(super) type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;

pub(super) type Answer = Response<Body>;

pub(super) fn full(body: impl Into<Bytes>) -> Body {
    Either::Left(Full::new(body.into()))
}

pub(super) fn of(status: StatusCode, media_type: &'static str, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Result<Answer, Problem> {
    let text = serde_json::to_vec(value).map_err(|error| Problem::new(Kind::Internal, &error.to_string()))?;
    Ok(of(status, JSON, full(text)))
}

/// EventQueue as they are told. Who stops reading is forgotten by the feed, since the lines are
/// dropped with the body.
pub(super) fn lines(lines: Arc<EventQueue>) -> Body {
    let told = stream::unfold(lines, |lines| async { Some((lines.next().await?, lines)) });
    Either::Right(StreamBody::new(told.map(|lines| Ok(Frame::data(Bytes::from(lines))))).boxed_unsync())
}
