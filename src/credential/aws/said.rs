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
            // To the SDK, a success it cannot read is an error of the service.
            if answer.raw().status().is_success() {
                return Failed::NoAnswer(unreadable(status));
            }
            let error = answer.into_err();
            let code = error.code().unwrap_or("no error code").to_owned();
            let message = error.message().unwrap_or("no message").to_owned();
            let said = Box::new(Answer { code: code.clone(), message: message.clone(), request_id });
            Failed::Answered { status, code, message, said }
        }
        SdkError::TimeoutError(_) => Failed::TimedOut("no answer within an attempt's time".into()),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => Failed::TimedOut("no connection in time".into()),
        SdkError::ResponseError(response) => Failed::NoAnswer(unreadable(response.raw().status().as_u16())),
        error => Failed::NoAnswer(error.into_source().unwrap_or_else(|error| error.to_string().into())),
    }
}

fn unreadable(status: u16) -> Said {
    format!("HTTP {status} with an answer that cannot be read").into()
}
