//! The pull itself, past bollard: its request, and the lines of the answer as they come.
//!
//! bollard 0.21 takes a line without its end for a whole one if it is JSON. Where a read ends
//! right before the line break of the last line, it then holds that break for the beginning
//! of another line, and a pull that went well ends in an error. It also reads ahead as far as
//! hyper does, which is up to 400 KB for each pull; here it is 8 KB (`connection`).

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, TryStreamExt as _};
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use serde::Deserialize;

use crate::engine::address::DockerAddress;
use crate::engine::connection::{Connection, connect};
use crate::engine::engine_error::{EngineError, Unreachable, words};
use crate::engine::ping::ApiVersion;
use crate::engine::{ProgressMessage, PullRequest};

/// More than any line and any refusal has, in bytes.
const LIMIT: usize = 1 << 20;

/// The request that pulls an image; `auth` is the login's header.
pub(crate) fn request(
    (major, minor): ApiVersion,
    PullRequest { image, platform, .. }: &PullRequest,
    auth: Option<HeaderValue>,
) -> Result<Request<Empty<Bytes>>, http::Error> {
    // With neither tag nor digest the engine would pull all tags; a reference always has one.
    let version = image.version().as_str();
    let mut path =
        format!("/v{major}.{minor}/images/create?fromImage={}&tag={}", quoted(&image.name()), quoted(version));
    if let Some(platform) = platform {
        path += "&platform=";
        path += &quoted(&platform.to_string());
    }
    let mut request = Request::builder().method(Method::POST).uri(path).header(header::HOST, "docker");
    if let Some(auth) = auth {
        request = request.header("x-registry-auth", auth);
    }
    request.body(Empty::new())
}

/// A value of a query. Names, tags and platforms have no byte beyond ASCII.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:".contains(c);
    text.chars().map(|c| if is_plain(c) { c.to_string() } else { format!("%{:02X}", u32::from(c)) }).collect()
}

/// What the engine at this address says to such a request. Dropping it ends the pull.
pub(crate) fn lines(
    address: &DockerAddress,
    request: Request<Empty<Bytes>>,
) -> impl Stream<Item = Result<ProgressMessage, EngineError>> + Send {
    stream::once(PullStream::open(address, request))
        .map_ok(|answer| {
            stream::try_unfold(answer, |mut answer| async move { Ok(answer.line().await?.map(|line| (line, answer))) })
        })
        .try_flatten()
}

/// An answer of which lines are still to come.
struct PullStream<'a> {
    address: &'a DockerAddress,
    connection: Connection,
    body: Incoming,
    /// What has come and is no line yet.
    text: BytesMut,
    /// So much of it has no line break.
    searched: usize,
}

impl<'a> PullStream<'a> {
    async fn open(address: &'a DockerAddress, request: Request<Empty<Bytes>>) -> Result<Self, EngineError> {
        let connected = connect(address).await;
        let (mut sender, mut connection) = connected.map_err(|error| address.broken(&*error))?;
        let answer = connection.beside(sender.send_request(request)).await;
        let (head, body) = answer.map_err(|error| address.broken(&error))?.into_parts();
        let mut this = Self { address, connection, body, text: BytesMut::new(), searched: 0 };
        if head.status.is_success() {
            return Ok(this);
        }
        while this.text.len() < LIMIT && this.more().await? {}
        Err(EngineError::Said { status: head.status.as_u16(), code: None, text: words(&this.text) })
    }

    /// The next line that says anything.
    async fn line(&mut self) -> Result<Option<ProgressMessage>, EngineError> {
        loop {
            if let Some(end) = self.text[self.searched..].iter().position(|byte| *byte == b'\n') {
                let line = self.text.split_to(self.searched + end + 1);
                self.searched = 0;
                if !line.trim_ascii().is_empty() {
                    return self.parsed(&line).map(Some);
                }
                continue;
            }
            self.searched = self.text.len();
            if self.text.len() > LIMIT {
                return Err(self.address.garbled("a line of the pull has no end"));
            }
            if !self.more().await? {
                let last = self.text.split();
                self.searched = 0;
                return if last.trim_ascii().is_empty() { Ok(None) } else { self.parsed(&last).map(Some) };
            }
        }
    }

    /// Takes in what comes next; false at the end.
    async fn more(&mut self) -> Result<bool, EngineError> {
        let frame = self.connection.beside(async { self.body.frame().await.transpose() }).await;
        let Some(frame) = frame.map_err(|error| self.address.broken(&error))? else {
            return self.connection.whole().map(|()| false).map_err(|error| self.address.broken(&error));
        };
        self.text.extend_from_slice(&frame.into_data().unwrap_or_default());
        Ok(true)
    }

    fn parsed(&self, line: &[u8]) -> Result<ProgressMessage, EngineError> {
        let told: StreamLine = serde_json::from_slice(line).map_err(|error| {
            if error.is_eof() {
                self.address.unreachable(Unreachable::Broke("it ended within a line of the pull".to_owned()))
            } else {
                // Not in the library's words: they may hold the engine's, and those the login.
                self.address.garbled(format!("column {} of a line of the pull", error.column()))
            }
        })?;
        told.try_into()
    }
}

/// One line, as the Engine API has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StreamLine {
    id: Option<String>,
    status: Option<String>,
    error_detail: Option<ErrorDetail>,
    progress_detail: Option<ProgressDetail>,
}

#[derive(Deserialize)]
struct ErrorDetail {
    code: Option<i64>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct ProgressDetail {
    current: Option<i64>,
    total: Option<i64>,
}

impl TryFrom<StreamLine> for ProgressMessage {
    type Error = EngineError;

    fn try_from(told: StreamLine) -> Result<Self, EngineError> {
        if let Some(ErrorDetail { code, message }) = told.error_detail {
            let text = message.unwrap_or_else(|| "the engine gives no reason".to_owned());
            return Err(EngineError::Said { status: 200, code, text });
        }
        let bytes = told.progress_detail.and_then(|progress| {
            let current = u64::try_from(progress.current?).ok()?;
            Some((current, progress.total.and_then(|total| u64::try_from(total).ok()).unwrap_or(current)))
        });
        Ok(Self { id: told.id, status: told.status.unwrap_or_default(), bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::{ProgressMessage, quoted};
    use crate::engine::EngineError;

    #[test]
    fn a_query_is_quoted_where_it_must_be() {
        assert_eq!(quoted("reg.example:5000/team/app"), "reg.example:5000/team/app");
        assert_eq!(quoted("sha256+b64:ab&c"), "sha256%2Bb64:ab%26c");
    }

    #[test]
    fn an_error_without_a_message_is_still_an_error() {
        let line = |text| ProgressMessage::try_from(serde_json::from_str::<super::StreamLine>(text).unwrap());
        assert_eq!(
            line(r#"{"errorDetail":{"code":401}}"#).unwrap_err(),
            EngineError::Said { status: 200, code: Some(401), text: "the engine gives no reason".to_owned() }
        );
        assert_eq!(line(r#"{"progressDetail":{"current":-1,"total":2}}"#).unwrap().bytes, None);
    }
}
