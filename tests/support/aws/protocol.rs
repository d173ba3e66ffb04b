//! The two wire protocols of AWS services: JSON 1.1 and Query/XML.

use serde_json::{Value, json};

use super::super::http::Reply;

/// The wire protocol of a service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Json,
    Query,
}

/// An error of a service, with the code that its SDK reads.
#[derive(Debug)]
pub struct ServiceError {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl ServiceError {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

/// The result of a call; the body is already in the service's protocol.
pub type ServiceResult = Result<String, ServiceError>;

impl Protocol {
    pub fn reply(self, answer: ServiceResult, request_id: &str) -> Reply {
        let (status, body) = match (self, answer) {
            (_, Ok(body)) => (200, body),
            (Self::Json, Err(error)) => (error.status, json_error(&error).to_string()),
            (Self::Query, Err(error)) => (error.status, xml_error(&error, request_id)),
        };
        let media_type = match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::Query => "text/xml",
        };
        Reply::new(status, body).header("content-type", media_type).header("x-amzn-RequestId", request_id)
    }

    /// A response that violates the protocol.
    pub fn garbage(self, request_id: &str) -> Reply {
        self.reply(Ok("<html><body>not from here</body>".to_owned()), request_id)
    }
}

/// The key is `Message` in an error of the service itself, and `message` in one of its front end.
fn json_error(error: &ServiceError) -> Value {
    let front_end_codes = [
        "ThrottlingException",
        "UnrecognizedClientException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
    ];
    let key = if front_end_codes.contains(&error.code) { "message" } else { "Message" };
    json!({ "__type": error.code, key: error.message })
}

fn xml_error(error: &ServiceError, request_id: &str) -> String {
    let fault = if error.status < 500 { "Sender" } else { "Receiver" };
    let (code, message) = (error.code, escaped(&error.message));
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <Error><Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>"
    )
}

/// Escapes text for XML content.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
