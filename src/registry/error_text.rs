//! The words of a response that is an error, as registries and token services write them.

use http::StatusCode;
use serde_json::Value;

use super::{challenge::Challenges, error_message::ErrorMessage, http_response::HttpResponse};

/// The most messages of one response that are read.
const MESSAGE_LIMIT: usize = 3;

/// The words of an error response.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorText {
    /// The code of the first message, in lower case with spaces.
    pub code: Option<String>,
    /// All messages, each after its code. The text is unchanged: it may be long and may repeat a login.
    pub text: String,
}

/// The words of an error response: the reason why a token is not accepted, and the messages of the
/// body. A body that is no JSON counts as a message with the code that engines give to its status.
pub(super) fn error_text(response: &HttpResponse) -> ErrorText {
    let mut messages: Vec<_> = Challenges::from_headers(response.headers()).token_error().into_iter().collect();
    for message in body_messages(response.status(), response.body()) {
        if messages.len() < MESSAGE_LIMIT && !messages.contains(&message) {
            messages.push(message);
        }
    }
    let code = messages.first().map(ErrorMessage::engine_code).filter(|code| !code.is_empty());
    ErrorText { code, text: messages.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ") }
}

fn body_messages(status: StatusCode, body: &[u8]) -> Vec<ErrorMessage> {
    let mut messages = match serde_json::from_slice(body) {
        Ok(json) => json_messages(status, &json),
        Err(_) => Vec::new(),
    };
    messages.retain(|message| !message.is_empty());
    let text = String::from_utf8_lossy(body);
    if messages.is_empty() && !text.trim().is_empty() {
        messages.push(ErrorMessage::new(status_code(status), &text));
    }
    messages
}

/// The messages of the forms that registries use: `errors` (the distribution specification),
/// `details` (Docker Hub's token service), `error` with or without `error_description` (RFC 6749,
/// Quay), and `message` (DigitalOcean, gateways).
fn json_messages(status: StatusCode, json: &Value) -> Vec<ErrorMessage> {
    let text = |json: &Value, key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(errors) = json.get("errors").and_then(Value::as_array) {
        return errors.iter().map(|error| error_of_list(status, error)).collect();
    }
    let words = ["details", "error_description", "message", "error", "detail"].map(|key| text(json, key));
    let message = words.into_iter().find(|text| !text.is_empty());
    message.iter().map(|message| ErrorMessage::new(status_code(status), message)).collect()
}

/// An entry of `errors`. Artifactory writes a `status` in place of the code, and some token services
/// only a text.
fn error_of_list(status: StatusCode, error: &Value) -> ErrorMessage {
    let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
    match error.as_str() {
        Some(message) => ErrorMessage::new(status_code(status), message),
        None if text("code").is_empty() => ErrorMessage::new(status_code(status), text("message")),
        None => ErrorMessage::new(text("code"), text("message")),
    }
}

/// The code that engines give to a message without one.
fn status_code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
        StatusCode::FORBIDDEN => "DENIED",
        StatusCode::TOO_MANY_REQUESTS => "TOOMANYREQUESTS",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{Response, header};
    use proptest::prelude::*;

    use super::error_text;

    fn text(status: u16, body: &str) -> String {
        error_text(&Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap()).text
    }

    #[test]
    fn the_words_of_every_form_of_error_are_read() {
        for (status, body, expected) in [
            (
                404,
                r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository","detail":{}}]}"#,
                "name unknown: no such repository",
            ),
            (403, r#"{"errors":[{"status":403,"message":"rejected"}]}"#, "denied: rejected"),
            (401, r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#, "unauthorized"),
            (401, r#"{"details":"incorrect username or password"}"#, "unauthorized: incorrect username or password"),
            (403, r#"{"message":"Forbidden"}"#, "denied: Forbidden"),
            (401, r#"{"error":"Invalid username or password."}"#, "unauthorized: Invalid username or password."),
            (400, r#"{"error":"invalid_grant","error_description":"it has expired"}"#, "it has expired"),
            (
                412,
                r#"{"errors":[{"code":"POLICY","message":"a"},{"code":"POLICY","message":"a"},{"message":"b"}]}"#,
                "policy: a; b",
            ),
            (403, "<html><h1>403 Forbidden</h1></html>", "denied: <html><h1>403 Forbidden</h1></html>"),
            (429, "slow down\n", "toomanyrequests: slow down"),
            (500, r#"["odd"]"#, r#"["odd"]"#),
            (401, r#"{"errors":[]}"#, r#"unauthorized: {"errors":[]}"#),
            (503, "  ", ""),
        ] {
            assert_eq!(text(status, body), expected, "{body}");
        }
    }

    #[test]
    fn the_error_of_a_token_comes_before_the_body() {
        let response = Response::builder()
            .status(401)
            .header(header::WWW_AUTHENTICATE, "Bearer realm=\"https://t/\",error=\"insufficient_scope\"")
            .body(Bytes::from(r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#));
        let expected = "denied: requested access to the resource is denied; unauthorized: authentication required";
        let text = error_text(&response.unwrap());
        assert_eq!((text.code.as_deref(), &*text.text), (Some("denied"), expected));
    }

    proptest! {
        #[test]
        fn any_body_has_words_or_is_blank(status in 100..600_u16, body: Vec<u8>) {
            let response = Response::builder().status(status).body(Bytes::from(body.clone())).unwrap();
            let is_blank = String::from_utf8_lossy(&body).trim().is_empty();
            prop_assert_eq!(error_text(&response).text.is_empty(), is_blank);
        }
    }
}
