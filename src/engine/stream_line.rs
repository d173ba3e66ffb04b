//! The JSON of one line of the pull stream.

use serde::Deserialize;

use crate::engine::endpoint::DockerAddress;
use crate::engine::engine_error::EngineError;
use crate::engine::progress_message::ProgressMessage;
use crate::engine::unreachable_reason::UnreachableReason;

/// A line in the format of the Engine API.
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
    units: Option<String>,
}

/// Parses a line that the engine at this address has sent; a line can also report an error.
pub(crate) fn parse_line(address: &DockerAddress, line: &[u8]) -> Result<ProgressMessage, EngineError> {
    let line: StreamLine = serde_json::from_slice(line).map_err(|error| {
        if error.is_eof() {
            let message = "the pull stream ended within a line".to_owned();
            address.unreachable(UnreachableReason::ConnectionLost(message))
        } else {
            // The library's message may quote the line, which may contain the login.
            address
                .unexpected_response(format!("a line of the pull stream is invalid JSON at column {}", error.column()))
        }
    })?;
    line.try_into()
}

impl TryFrom<StreamLine> for ProgressMessage {
    type Error = EngineError;

    fn try_from(line: StreamLine) -> Result<Self, EngineError> {
        if let Some(ErrorDetail { code, message }) = line.error_detail {
            let text = message.unwrap_or_else(|| "the engine gives no reason".to_owned());
            return Err(EngineError::ErrorMessage { status: 200, code, text });
        }
        let mut message = Self { id: line.id, status: line.status.unwrap_or_default(), ..Self::default() };
        if let Some(ProgressDetail { current, total, units }) = line.progress_detail
            && let Some(current) = current.and_then(|current| u64::try_from(current).ok())
        {
            match units.as_deref().unwrap_or_default() {
                "" => {
                    let total = total.and_then(|total| u64::try_from(total).ok());
                    message.bytes = Some((current, total.unwrap_or(current)));
                }
                "s" => message.seconds = Some(current),
                _ => {}
            }
        }
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse_line;
    use crate::engine::{DockerAddress, EngineError};

    const ADDRESS: &str = "unix:///docker.sock";

    fn parse(line: &[u8]) -> Result<super::ProgressMessage, EngineError> {
        parse_line(&DockerAddress::parse(ADDRESS).unwrap(), line)
    }

    #[test]
    fn an_error_without_a_message_is_still_an_error() {
        assert_eq!(
            parse(br#"{"errorDetail":{"code":401}}"#).unwrap_err(),
            EngineError::ErrorMessage { status: 200, code: Some(401), text: "the engine gives no reason".to_owned() }
        );
    }

    #[test]
    fn negative_progress_is_ignored() {
        assert_eq!(parse(br#"{"progressDetail":{"current":-1,"total":2}}"#).unwrap().bytes, None);
    }

    #[test]
    fn seconds_are_not_bytes() {
        let message = |units| {
            let line = format!(r#"{{"status":"Extracting","progressDetail":{{"current":7,"units":"{units}"}}}}"#);
            parse(line.as_bytes()).unwrap()
        };
        assert_eq!((message("s").bytes, message("s").seconds), (None, Some(7)));
        assert_eq!((message("").bytes, message("").seconds), (Some((7, 7)), None));
        assert_eq!((message("files").bytes, message("files").seconds), (None, None));
    }

    proptest! {
        #[test]
        fn a_line_of_any_bytes_never_panics(line: Vec<u8>) {
            let _ = parse(&line);
        }

        #[test]
        fn an_unreadable_line_is_never_quoted(secret in "[a-z]{12}", before in "[\\[{\":, ]{0,4}") {
            if let Err(error) = parse(format!("{before}{secret}").as_bytes()) {
                prop_assert!(!error.to_string().contains(&secret));
            }
        }

        #[test]
        fn messages_survive_the_wire(id: Option<String>, status: String, current in 0..i64::MAX, total: Option<i64>) {
            let line = serde_json::json!({
                "id": id, "status": status, "progressDetail": { "current": current, "total": total }
            });
            let message = parse(line.to_string().as_bytes()).unwrap();
            prop_assert_eq!((message.id, message.status), (id, status));
            let current = u64::try_from(current).unwrap();
            let total = total.and_then(|total| u64::try_from(total).ok());
            prop_assert_eq!(message.bytes, Some((current, total.unwrap_or(current))));
        }
    }
}
