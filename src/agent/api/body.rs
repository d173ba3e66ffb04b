//! Bodies of requests: of the one media type, bounded in length and in time.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;

use super::answer::JSON;
use super::problem::{Kind, Problem};

/// Longest body, in bytes: ten thousand containers, and more than sixty times what ECS takes.
pub const LIMIT: usize = 4 << 20;

pub(super) async fn read(request: Request<Incoming>, within: Duration) -> Result<Bytes, Problem> {
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(JSON) {
        return Err(Problem::new(Kind::MediaType, &format!("its media type must be {JSON}")));
    }
    let too_long = || Problem::new(Kind::TooLong, &format!("it may have {LIMIT} bytes"));
    // Said before anything is sent, where the client says the length.
    if request.body().size_hint().lower() > LIMIT as u64 {
        return Err(too_long());
    }
    let body = Limited::new(request.into_body(), LIMIT).collect();
    match timeout(within, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_long()),
        Ok(Err(error)) => Err(Problem::new(Kind::Malformed, &format!("the body cannot be read: {error}"))),
        Err(_) => Err(Problem::new(Kind::Slow, &format!("the body was not here after {} s", within.as_secs()))),
    }
}
