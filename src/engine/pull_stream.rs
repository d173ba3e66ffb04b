//! The pull itself, without bollard: the request, and the lines of the response.
//!
//! bollard 0.21 takes a line without its line break for a complete one if it is JSON. If a read
//! ends right before the last line break, it then takes that break for the start of another line,
//! and a successful pull ends in an error. It also reads ahead as far as hyper does, up to 400 KB
//! for each pull; here the limit is 8 KB (`connection`).

use bytes::Bytes;
use futures_util::stream::{self, Stream, TryStreamExt as _};
use http::{HeaderValue, Request, header};
use http_body_util::Empty;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::engine::api_version::ApiVersion;
use crate::engine::connection::EngineResponse;
use crate::engine::endpoint::DockerAddress;
use crate::engine::engine_error::{EngineError, error_text};
use crate::engine::line_buffer::{LineBuffer, LineTooLong};
use crate::engine::progress_message::ProgressMessage;
use crate::engine::pull_request::PullRequest;
use crate::engine::stream_line::parse_line;

/// Limit of a line and of an error response, in bytes, which no expected one reaches.
const LIMIT: usize = 1 << 20;

/// Builds the request that pulls an image; `auth` is the header of the login.
pub(crate) fn pull_request(
    version: ApiVersion,
    PullRequest { image, platform, .. }: &PullRequest,
    auth: Option<HeaderValue>,
) -> Result<Request<Empty<Bytes>>, http::Error> {
    // Without tag and digest the engine would pull all tags; a reference always has one.
    let tag = image.version().as_str();
    let mut path = version.path(&format!(
        "/images/create?fromImage={}&tag={}",
        percent_encode(&image.name()),
        percent_encode(tag)
    ));
    if let Some(platform) = platform {
        path += "&platform=";
        path += &percent_encode(&platform.to_string()).to_string();
    }
    let mut request = Request::post(path).header(header::HOST, "docker");
    if let Some(auth) = auth {
        request = request.header("x-registry-auth", auth);
    }
    request.body(Empty::new())
}

/// The characters that a value of a query escapes. A name keeps its slashes and colons.
const ESCAPED: AsciiSet =
    NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b':');

fn percent_encode(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, &ESCAPED)
}

/// Sends the request and returns the engine's messages. Dropping the stream cancels the pull.
pub(crate) fn messages(
    address: &DockerAddress,
    request: Request<Empty<Bytes>>,
) -> impl Stream<Item = Result<ProgressMessage, EngineError>> + Send {
    stream::once(PullStream::start(address, request))
        .map_ok(|stream| {
            stream::try_unfold(stream, |mut stream| async move {
                Ok(stream.next_message().await?.map(|message| (message, stream)))
            })
        })
        .try_flatten()
}

/// A response whose lines are read one by one.
struct PullStream<'a> {
    address: &'a DockerAddress,
    response: EngineResponse<'a>,
    lines: LineBuffer,
}

impl<'a> PullStream<'a> {
    async fn start(address: &'a DockerAddress, request: Request<Empty<Bytes>>) -> Result<Self, EngineError> {
        let mut response = EngineResponse::request(address, request).await?;
        let status = response.head.status;
        if status.is_success() {
            return Ok(Self { address, response, lines: LineBuffer::new(LIMIT) });
        }
        let text = error_text(&response.read_body(LIMIT).await?);
        Err(EngineError::ErrorMessage { status: status.as_u16(), code: None, text })
    }

    async fn next_message(&mut self) -> Result<Option<ProgressMessage>, EngineError> {
        let line = loop {
            let line = self.lines.next_line().map_err(|LineTooLong| {
                self.address.unexpected_response(format!("a line of the pull stream has more than {LIMIT} bytes"))
            })?;
            if line.is_some() {
                break line;
            }
            match self.response.next_chunk().await? {
                Some(chunk) => self.lines.push(&chunk),
                None => break self.lines.take_rest(),
            }
        };
        line.map(|line| parse_line(self.address, &line)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::percent_encode;

    #[test]
    fn query_values_are_encoded_where_necessary() {
        assert_eq!(percent_encode("reg.example:5000/team/app").to_string(), "reg.example:5000/team/app");
        assert_eq!(percent_encode("sha256+b64:ab&c").to_string(), "sha256%2Bb64:ab%26c");
    }
}
