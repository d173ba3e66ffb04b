//! AWS's own words about a failed call, kept for the reader: code, message, request id.
//!
//! The request id is what CloudTrail and AWS's support find the call by (O3).

use std::error::Error;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;

/// What a service or the way to it said.
pub(super) type Said = Box<dyn Error + Send + Sync>;

/// A failed call, as far as it is the same for every service.
pub(super) enum Failed {
    /// The service answered: status, code, message.
    Answered { status: u16, code: String, message: String, said: Said },
    /// No usable answer came.
    NoAnswer(Said),
    /// An attempt's own deadline passed.
    TimedOut(Said),
}

/// The text of an answer.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}{}", request_id.as_deref().map(|id| format!(" (request id {id})")).unwrap_or_default())]
struct Answer {
    code: String,
    message: String,
    request_id: Option<String>,
}

/// Takes an SDK error apart.
pub(super) fn failed<E>(error: SdkError<E, HttpResponse>) -> Failed
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let request_id = error.request_id().map(str::to_owned);
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let error = answer.into_err();
            let code = error.code().unwrap_or("no error code").to_owned();
            let message = error.message().unwrap_or("no message").to_owned();
            let said = Box::new(Answer { code: code.clone(), message: message.clone(), request_id });
            Failed::Answered { status, code, message, said }
        }
        SdkError::TimeoutError(_) => Failed::TimedOut("no answer within an attempt's time".into()),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => Failed::TimedOut("no connection in time".into()),
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            Failed::NoAnswer(format!("HTTP {status} with an answer that cannot be read").into())
        }
        error => Failed::NoAnswer(error.into_source().unwrap_or_else(|error| error.to_string().into())),
    }
}
