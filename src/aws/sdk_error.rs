//! AWS's own words about a failed call, and what they mean for every service alike.
//!
//! The request id is what CloudTrail and AWS's support find the call by (O3).

use std::error::Error;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;

/// What a service or the way to it said.
pub(crate) type ServiceError = Box<dyn Error + Send + Sync>;

/// Why a call failed, as far as it is the same for every service.
pub(crate) struct FailedCall {
    pub meaning: CallErrorKind,
    pub said: ServiceError,
}

/// What a failure means, whatever was asked.
pub(crate) enum CallErrorKind {
    /// No usable answer, or a server error.
    Unavailable,
    /// Too many requests.
    Throttled,
    /// The attempts' own deadlines passed.
    TimedOut,
    /// The caller's access key or session is not accepted.
    IdentityRejected,
    /// The caller's clock is wrong.
    ClockSkew,
    /// The service's own answer: code and message.
    Answer { code: String, message: String },
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
pub(crate) fn failed<E>(error: SdkError<E, HttpResponse>) -> FailedCall
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let request_id = error.request_id().map(str::to_owned);
    match error {
        // To the SDK, a success it cannot read is an error of the service.
        SdkError::ServiceError(answer) if answer.raw().status().is_success() => {
            unreadable(answer.raw().status().as_u16())
        }
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let error = answer.into_err();
            let code = error.code().unwrap_or("no error code").to_owned();
            let message = without_request(error.message().unwrap_or("no message")).to_owned();
            let meaning = meaning(status, &code, &message);
            FailedCall { meaning, said: Box::new(Answer { code, message, request_id }) }
        }
        SdkError::TimeoutError(_) => timed_out("no answer within an attempt's time"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => timed_out("no connection in time"),
        SdkError::ResponseError(response) => unreadable(response.raw().status().as_u16()),
        error => {
            let said = error.into_source().unwrap_or_else(|error| error.to_string().into());
            FailedCall { meaning: CallErrorKind::Unavailable, said }
        }
    }
}

fn unreadable(status: u16) -> FailedCall {
    let said = format!("HTTP {status} with an answer that cannot be read").into();
    FailedCall { meaning: CallErrorKind::Unavailable, said }
}

fn timed_out(said: &str) -> FailedCall {
    FailedCall { meaning: CallErrorKind::TimedOut, said: said.into() }
}

/// A message about a signature may go on with the request as it was signed, session token
/// included.
fn without_request(message: &str) -> &str {
    let ends = ["The Canonical String", "The String-to-Sign", "Authorization="].into_iter();
    let end = ends.filter_map(|begin| message.find(begin)).min();
    end.map_or(message, |end| message[..end].trim_end())
}

/// The errors common to all services (each API reference's "Common Errors"; STS names some
/// of them without `Exception`).
fn meaning(status: u16, code: &str, message: &str) -> CallErrorKind {
    let is_about_time = ["expired", "not yet current"].iter().any(|word| message.to_ascii_lowercase().contains(word));
    match code.strip_suffix("Exception").unwrap_or(code) {
        "Throttling" | "TooManyRequests" | "RequestLimitExceeded" | "RequestThrottled" => CallErrorKind::Throttled,
        "RequestExpired" | "RequestTimeTooSkewed" => CallErrorKind::ClockSkew,
        "InvalidSignature" | "SignatureDoesNotMatch" if is_about_time => CallErrorKind::ClockSkew,
        "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => CallErrorKind::IdentityRejected,
        _ if status == 429 => CallErrorKind::Throttled,
        // No service of AWS's sends anybody elsewhere: this is a gateway on the way to it.
        _ if status >= 500 || (300..400).contains(&status) => CallErrorKind::Unavailable,
        _ => CallErrorKind::Answer { code: code.to_owned(), message: message.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::{CallErrorKind, meaning};

    #[test]
    fn common_errors_mean_the_same_for_every_service() {
        let found = |status, code, message| match meaning(status, code, message) {
            CallErrorKind::Unavailable => "unavailable",
            CallErrorKind::Throttled => "throttled",
            CallErrorKind::TimedOut => "timed out",
            CallErrorKind::IdentityRejected => "rejected",
            CallErrorKind::ClockSkew => "clock",
            CallErrorKind::Answer { .. } => "answer",
        };
        let table = [
            (400, "ThrottlingException", "Rate exceeded", "throttled"),
            (400, "Throttling", "Rate exceeded", "throttled"),
            (429, "no error code", "", "throttled"),
            (400, "InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than …", "clock"),
            (403, "SignatureDoesNotMatch", "Signature not yet current: …", "clock"),
            (403, "SignatureDoesNotMatch", "The request signature we calculated does not match", "rejected"),
            (400, "UnrecognizedClientException", "The security token included in the request is invalid.", "rejected"),
            (403, "InvalidClientTokenId", "The security token included in the request is invalid.", "rejected"),
            (400, "ExpiredTokenException", "The security token included in the request is expired", "rejected"),
            (503, "no error code", "", "unavailable"),
            (302, "no error code", "", "unavailable"),
            (400, "InternalServiceError", "", "answer"),
            (500, "InternalServiceError", "", "unavailable"),
            (403, "AccessDenied", "", "answer"),
        ];
        for (status, code, message, expected) in table {
            assert_eq!(found(status, code, message), expected, "{code} {message}");
        }
    }
}
