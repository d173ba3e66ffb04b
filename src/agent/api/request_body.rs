//! Request bodies: JSON only, with a limit on their length and on the time they take to arrive.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body;
use tokio::time::timeout;

use super::problem::{Problem, ProblemKind};
use super::response::JSON;

/// Longest body, in bytes: enough for ten thousand containers, and more than sixty times what ECS
/// accepts.
pub(super) const MAX_LENGTH: usize = 4 << 20;

/// Reads the whole body of a request.
pub(super) async fn read<B>(request: Request<B>, max_time: Duration) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    if !is_json(request.headers()) {
        return Err(Problem::new(ProblemKind::MEDIA_TYPE, &format!("the media type must be {JSON}")));
    }
    let too_long = || Problem::new(ProblemKind::TOO_LONG, &format!("the body may have at most {MAX_LENGTH} bytes"));
    // A client that states the length, and waits for `100 Continue`, need not send the body.
    if request.body().size_hint().lower() > MAX_LENGTH as u64 {
        return Err(too_long());
    }
    let body = Limited::new(request.into_body(), MAX_LENGTH).collect();
    match timeout(max_time, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_long()),
        Ok(Err(error)) => Err(Problem::new(ProblemKind::MALFORMED, &format!("the body cannot be read: {error}"))),
        Err(_) => {
            let detail = format!("the body did not arrive within {} s", max_time.as_secs());
            Err(Problem::new(ProblemKind::SLOW, &detail))
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(JSON)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::{FutureExt as _, stream};
    use http::Request;
    use http_body_util::StreamBody;
    use hyper::body::Frame;
    use proptest::prelude::*;

    use super::{MAX_LENGTH, read};

    fn read_now(content_type: &[u8], chunks: Vec<Bytes>) -> Option<Result<Bytes, u16>> {
        let frames = chunks.into_iter().map(|chunk| Ok::<_, Infallible>(Frame::data(chunk)));
        let request = Request::post("/").header("content-type", content_type);
        let request = request.body(StreamBody::new(stream::iter(frames))).ok()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        let read = read(request, Duration::from_mins(1)).now_or_never().unwrap();
        Some(read.map_err(|problem| problem.view().status))
    }

    #[test]
    fn a_body_is_read_up_to_the_limit_and_no_further() {
        let chunk = Bytes::from(vec![b'x'; MAX_LENGTH / 4]);
        let mut chunks = vec![chunk; 4];
        assert_eq!(read_now(b"application/json", chunks.clone()).unwrap().unwrap().len(), MAX_LENGTH);
        chunks.push(Bytes::from_static(b"x"));
        assert_eq!(read_now(b"application/json", chunks), Some(Err(413)));
    }

    proptest! {
        #[test]
        fn a_chunked_body_is_the_concatenation_of_its_chunks(chunks in proptest::collection::vec(any::<Vec<u8>>(), 0..8)) {
            let expected = chunks.concat();
            let chunks = chunks.into_iter().map(Bytes::from).collect();
            let read = read_now(b"Application/JSON ; charset=utf-8", chunks).unwrap().unwrap();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn any_content_type_is_json_or_refused_with_415(content_type in prop_oneof![
            any::<Vec<u8>>(),
            " ?[aA]pplication/json ?(;.{0,5})?".prop_map(String::into_bytes),
        ]) {
            // Bytes that no header can have do not arrive here.
            if let Some(read) = read_now(&content_type, Vec::new()) {
                let is_json = content_type.to_ascii_lowercase().trim_ascii().starts_with(b"application/json");
                prop_assert!(read == Err(415) || is_json, "{:?}", content_type);
            }
        }
    }
}
