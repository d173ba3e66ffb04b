//! What can fail between taskpull and the engine.

use crate::engine::unreachable_reason::UnreachableReason;
use crate::error::{Class, Explain, Link};

/// A request to the engine failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// No engine answers at the address (G3).
    #[error("cannot connect to the Docker Engine at {host}: {reason}")]
    Unreachable {
        /// Address of the engine, as in `DOCKER_HOST`.
        host: String,
        /// Why the connection failed.
        reason: UnreachableReason,
    },
    /// The engine reported an error: as a response with its HTTP status, or within the stream (200).
    #[error("{text}")]
    ErrorMessage {
        /// HTTP status of the response.
        status: u16,
        /// The stream's `errorDetail.code`, where it has one.
        code: Option<i64>,
        /// The engine's text, unchanged.
        text: String,
    },
    /// The engine's response does not follow the API.
    #[error("unexpected response from the engine at {host}: {detail}")]
    UnexpectedResponse {
        /// Address of the engine, as in `DOCKER_HOST`.
        host: String,
        /// What is wrong with the response; never its text.
        detail: String,
    },
    /// The engine no longer supports the newest version that taskpull supports.
    #[error("the engine at {host} does not support API {requested}, the newest that taskpull supports: {message}")]
    ApiTooNew {
        /// Address of the engine, as in `DOCKER_HOST`.
        host: String,
        /// The version that was requested, such as `1.53`.
        requested: String,
        /// The engine's text, unchanged.
        message: String,
    },
}

impl EngineError {
    /// The engine at this address did not answer in time.
    #[must_use]
    pub fn no_response(host: &str) -> Self {
        Self::Unreachable { host: host.to_owned(), reason: UnreachableReason::NoResponse }
    }
}

/// Returns the text of an error response: the `message` of a JSON object, or the body itself.
pub(crate) fn error_text(body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = json.as_ref().and_then(|json| json.get("message")?.as_str());
    message.map_or_else(|| String::from_utf8_lossy(body), Into::into).trim().to_owned()
}

impl Explain for EngineError {
    fn link(&self) -> Link {
        Link::Engine
    }

    fn class(&self) -> Class {
        match self {
            Self::Unreachable { reason: UnreachableReason::TooManyFiles, .. } => Class::Unavailable,
            Self::Unreachable { .. } => Class::EngineGone,
            Self::UnexpectedResponse { .. } | Self::ApiTooNew { .. } => Class::Unsupported,
            Self::ErrorMessage { .. } => Class::Unknown,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::Unreachable { host, .. } | Self::UnexpectedResponse { host, .. } | Self::ApiTooNew { host, .. } => {
                host.clone()
            }
            Self::ErrorMessage { .. } => "Docker Engine".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreachable { host, reason: UnreachableReason::TlsHandshake(_) } => {
                let address = host.split_once("://").map_or(host.as_str(), |(_, address)| address);
                return Some(format!(
                    "`openssl s_client -connect {address} </dev/null` shows what the engine offers; taskpull supports TLS 1.2 and 1.3"
                ));
            }
            Self::Unreachable { host, reason } => reason.hint(host.starts_with("unix://")),
            Self::UnexpectedResponse { .. } => {
                "Docker Engine 20.10 (API 1.41) or newer is required: check `docker version`"
            }
            Self::ApiTooNew { .. } => {
                "use a newer taskpull; until then, DOCKER_MIN_API_VERSION in the daemon's environment may enable this version"
            }
            Self::ErrorMessage { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::error_text;

    #[test]
    fn error_text_is_the_engines_message() {
        assert_eq!(error_text(br#"{"message":"manifest unknown\n"}"#), "manifest unknown");
        assert_eq!(error_text(b"<html>busy</html>\n"), "<html>busy</html>");
    }
}
