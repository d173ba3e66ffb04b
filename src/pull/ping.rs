//! `GET /_ping`: is there an engine, and which API version is spoken with it?
//!
//! Asked without bollard, which shows no response headers: the version stands in one, and
//! the other place that has it, `/version`, takes Docker 20.10 some 7 ms against 0.5 ms,
//! because it runs the engine's helper programs.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};

use super::address::DockerAddress;
use super::engine_error::{EngineError, Unreachable};

/// A version of the API, such as 1.41.
pub(super) type ApiVersion = (usize, usize);

/// The oldest API this program speaks: Docker 20.10.
const OLDEST: ApiVersion = (1, 41);

/// More of an answer is not read; a refusal is a sentence.
const ANSWER_LIMIT: usize = 4_096;

/// What was answered.
struct Answer {
    status: StatusCode,
    version: Option<HeaderValue>,
    /// The text of a refusal.
    text: String,
}

/// The newest version that both speak, where `newest` is the newest of this side.
pub(super) async fn agree(address: &DockerAddress, newest: ApiVersion) -> Result<ApiVersion, EngineError> {
    let answer = ping(address, Uri::from_static("/_ping")).await?;
    // What Go's server says to whoever comes without TLS.
    if answer.version.is_none() && answer.text.contains("HTTP request to an HTTPS server") {
        return Err(address.unreachable(Unreachable::WantsTls));
    }
    let spoken = answer.version.as_ref().and_then(|version| version.to_str().ok());
    let spoken = spoken.ok_or_else(|| address.garbled("it names no API version"))?;
    let spoken = parse(spoken).ok_or_else(|| address.garbled(format!("its API version is `{spoken}`")))?;
    if spoken < OLDEST {
        return Err(address.garbled(format!("its API is {}.{}", spoken.0, spoken.1)));
    }
    if spoken > newest {
        // Its oldest may be newer than our newest, and no header has it: it is asked in our
        // newest once, so that it is the engine that is refused and not each pull.
        let (major, minor) = newest;
        let path = format!("/v{major}.{minor}/_ping").parse().map_err(|_| address.garbled("no path"))?;
        let answer = ping(address, path).await?;
        if answer.status == StatusCode::BAD_REQUEST {
            let (host, spoken) = (address.to_string(), format!("{major}.{minor}"));
            return Err(EngineError::TooNew { host, spoken, words: answer.text });
        }
    }
    Ok(spoken.min(newest))
}

fn parse(text: &str) -> Option<ApiVersion> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

async fn ping(address: &DockerAddress, path: Uri) -> Result<Answer, EngineError> {
    let failed = |error: std::io::Error| address.broken(&error);
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = path;
    let answer = match address {
        DockerAddress::Unix(path) => ask(TokioIo::new(UnixStream::connect(path).await.map_err(failed)?), request).await,
        DockerAddress::Tcp(host) => ask(TokioIo::new(TcpStream::connect(host).await.map_err(failed)?), request).await,
        DockerAddress::Tls { host, tls } => {
            let stream = TcpStream::connect(host).await.map_err(failed)?;
            ask(TokioIo::new(tls.connect(host, stream).await.map_err(failed)?), request).await
        }
    };
    answer.map_err(|error| address.broken(&error))
}

async fn ask<S: Read + Write + Unpin>(stream: S, mut request: Request<Empty<Bytes>>) -> hyper::Result<Answer> {
    let (mut sender, connection) = http1::handshake(stream).await?;
    request.headers_mut().insert(header::HOST, HeaderValue::from_static("docker"));
    // The connection moves only while it is polled. Should it end first, the engine hung up,
    // and the answer says so. In TLS 1.3 an engine refuses the client's certificate only now,
    // possibly before the request is out: a pooled client would lose its reason.
    let mut answer = std::pin::pin!(async { read(sender.send_request(request).await?).await });
    tokio::select! {
        answer = &mut answer => answer,
        ended = connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(error),
        },
    }
}

async fn read(mut answer: Response<Incoming>) -> hyper::Result<Answer> {
    let version = answer.headers_mut().remove("api-version");
    let status = answer.status();
    let mut text = Vec::new();
    while !status.is_success() && text.len() < ANSWER_LIMIT {
        let Some(frame) = answer.frame().await.transpose()? else { break };
        text.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    text.truncate(ANSWER_LIMIT);
    Ok(Answer { status, version, text: said(&text) })
}

/// The engine's words are the `message` of a JSON object, or the text itself.
fn said(text: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(text).ok();
    let message = json.as_ref().and_then(|json| json.get("message")?.as_str());
    message.map_or_else(|| String::from_utf8_lossy(text).trim().to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{parse, said};

    #[test]
    fn versions_compare_as_numbers() {
        assert!(parse("1.9") < parse("1.41"));
        assert_eq!(parse("1.41"), Some((1, 41)));
        assert_eq!(parse("one"), None);
    }

    #[test]
    fn a_refusal_is_the_engines_own_words() {
        assert_eq!(said(br#"{"message":"client version 1.53 is too old"}"#), "client version 1.53 is too old");
        assert_eq!(said(b"Client sent an HTTP request\n"), "Client sent an HTTP request");
    }
}
