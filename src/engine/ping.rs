//! `GET /_ping`: is there an engine, which one, and which API version is spoken with it?
//!
//! Its headers say it. The other place that does, `/version`, takes Docker 20.10 some 7 ms
//! against 0.5 ms, because it runs the engine's helper programs.

use http::{StatusCode, Uri};

use crate::engine::address::DockerAddress;
use crate::engine::engine_error::{EngineError, Unreachable, words};
use crate::engine::http_get::get;

/// A version of the API, such as 1.41.
pub(crate) type ApiVersion = (usize, usize);

/// The oldest API this program speaks: Docker 20.10.
const OLDEST: ApiVersion = (1, 41);

/// More of a refusal is not told, in bytes; it is a sentence.
const REFUSAL_LIMIT: usize = 4_096;

/// What an engine says of itself.
#[derive(Debug)]
pub(crate) struct Pong {
    /// The newest version of Docker's API that both speak.
    pub version: ApiVersion,
    /// Whether it is Podman, which speaks an API of its own beside Docker's.
    pub is_podman: bool,
}

/// Agrees on the newest version that both speak, where `newest` is the newest of this side.
pub(crate) async fn agree(address: &DockerAddress, newest: ApiVersion) -> Result<Pong, EngineError> {
    let answer = get(address, Uri::from_static("/_ping")).await?;
    let spoken = answer.headers().get("api-version");
    // What Go's server says to whoever comes without TLS.
    if spoken.is_none() && said(answer.body()).contains("HTTP request to an HTTPS server") {
        return Err(address.unreachable(Unreachable::WantsTls));
    }
    let spoken = spoken.and_then(|version| version.to_str().ok());
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
        let answer = get(address, path).await?;
        if answer.status() == StatusCode::BAD_REQUEST {
            let (host, spoken) = (address.to_string(), format!("{major}.{minor}"));
            return Err(EngineError::TooNew { host, spoken, words: said(answer.body()) });
        }
    }
    Ok(Pong { version: spoken.min(newest), is_podman: answer.headers().contains_key("libpod-api-version") })
}

fn parse(text: &str) -> Option<ApiVersion> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn said(text: &[u8]) -> String {
    words(&text[..text.len().min(REFUSAL_LIMIT)])
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(parse("1.9") < parse("1.41"));
        assert_eq!(parse("1.41"), Some((1, 41)));
        assert_eq!(parse("one"), None);
    }
}
