//! The common form of a failed call, for all services and operations of the SDK.
//!
//! The request id is the one by which CloudTrail and AWS support find the call (O3).

use std::error::Error;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;

use crate::aws::{AwsErrorKind, AwsService, ServiceError, endpoint_fault::EndpointFault, error_codes::classify};

/// Why a call failed.
#[derive(Debug)]
pub(crate) struct FailedCall {
    pub kind: AwsErrorKind,
    pub message: ServiceError,
}

/// The text of an answer with an error.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}{}", request_id.as_deref().map(|id| format!(" (request id {id})")).unwrap_or_default())]
struct ErrorAnswer {
    code: String,
    message: String,
    request_id: Option<String>,
}

impl FailedCall {
    /// Reads an error of the SDK.
    pub(crate) fn new<E>(service: AwsService, error: SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let request_id = error.request_id().map(str::to_owned);
        match error {
            // The SDK reports a success that it cannot read as an error of the service.
            SdkError::ServiceError(answer) if answer.raw().status().is_success() => {
                Self::unreadable(answer.raw().status().as_u16())
            }
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let error = answer.into_err();
                let code = error.code().unwrap_or("no error code").to_owned();
                let message = without_request(error.message().unwrap_or("no message")).to_owned();
                let kind = classify(service, status, &code, &message);
                Self { kind, message: Box::new(ErrorAnswer { code, message, request_id }) }
            }
            SdkError::TimeoutError(_) => Self::timed_out("no answer within the time of one attempt"),
            SdkError::ResponseError(response) => Self::unreadable(response.raw().status().as_u16()),
            SdkError::DispatchFailure(failure) => {
                let kind = if failure.is_timeout() { AwsErrorKind::TimedOut } else { AwsErrorKind::Unavailable };
                let fault = failure.as_connector_error().and_then(|error| EndpointFault::find(error)).cloned();
                let error = SdkError::<E, HttpResponse>::DispatchFailure(failure);
                let message = match fault {
                    Some(fault) => Box::new(fault),
                    // Without a connection, such as for an endpoint that does not exist.
                    None => error.into_source().unwrap_or_else(|error| error.to_string().into()),
                };
                Self { kind, message }
            }
            error => Self::unavailable(error.into_source().unwrap_or_else(|error| error.to_string().into())),
        }
    }

    /// The failure for an answer that cannot be used.
    pub(crate) fn unavailable(message: impl Into<ServiceError>) -> Self {
        Self { kind: AwsErrorKind::Unavailable, message: message.into() }
    }

    /// The failure for a deadline that has passed.
    pub(crate) fn timed_out(message: &str) -> Self {
        Self { kind: AwsErrorKind::TimedOut, message: message.into() }
    }

    fn unreadable(status: u16) -> Self {
        Self::unavailable(format!("HTTP {status} with an answer that cannot be read"))
    }
}

/// The message without the request. A message about a signature may repeat the request as it was
/// signed, which includes the session token.
fn without_request(message: &str) -> &str {
    let beginnings = ["The Canonical String", "The String-to-Sign", "Authorization="].into_iter();
    let end = beginnings.filter_map(|beginning| message.find(beginning)).min();
    end.map_or(message, |end| message[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::without_request;

    #[test]
    fn a_signed_request_is_cut_from_the_message() {
        let message = "The signature does not match.\n\nThe Canonical String for this request should have been\n'POST'";
        assert_eq!(without_request(message), "The signature does not match.");
        assert_eq!(without_request("Rate exceeded"), "Rate exceeded");
    }
}
