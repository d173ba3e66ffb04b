//! One call to a service: told to whoever watches, however it ends.

use std::error::Error;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use crate::aws::sdk_error::{CallErrorKind, FailedCall, failed};
use crate::aws::{AwsCallEvent, AwsRequest, CallOutcome, CredentialObserver};
use crate::error::Printable;
use crate::traces;

/// What a service has answered.
pub(crate) struct CallResponse<T> {
    pub answer: T,
    /// The call by its name, where the service gave it one.
    pub request: Option<AwsRequest>,
}

/// The calls behind an identity's credentials: a property of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestIds(pub Vec<AwsRequest>);

/// Waits for the answer to a call, of a service by its name in the SDK. Whoever stops waiting has reached a deadline.
pub(crate) async fn call<T, E>(
    watch: &dyn CredentialObserver,
    (service, operation): (&'static str, &'static str),
    send: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<CallResponse<T>, FailedCall>
where
    T: RequestId,
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let span = traces::aws_call_span(service, operation);
    let answer = send.instrument(span.clone());
    let mut told = CallRecorder { watch, operation, begun: Instant::now(), ended: CallOutcome::TimedOut, span };
    match answer.await {
        Ok(answer) => {
            told.ended = CallOutcome::Answered;
            let request = answer.request_id().map(|id| AwsRequest { operation, id: Printable::new(id) });
            told.span.record("aws.request_id", request.as_ref().map(|request| request.id.as_str()));
            Ok(CallResponse { answer, request })
        }
        Err(error) => {
            let failed = failed(error);
            told.ended = ended(&failed.meaning);
            Err(failed)
        }
    }
}

/// Tells of the call when it goes.
struct CallRecorder<'a> {
    watch: &'a dyn CredentialObserver,
    operation: &'static str,
    begun: Instant,
    ended: CallOutcome,
    span: Span,
}

impl Drop for CallRecorder<'_> {
    fn drop(&mut self) {
        let Self { watch, operation, begun, ended, ref span } = *self;
        if ended != CallOutcome::Answered {
            traces::record_error(span, &ended.word(), &Printable::new(&format!("{operation}: {}", ended.word())));
        }
        watch.called(&AwsCallEvent { operation, ended, took: begun.elapsed() });
    }
}

fn ended(meaning: &CallErrorKind) -> CallOutcome {
    match meaning {
        CallErrorKind::Unavailable => CallOutcome::Unavailable,
        CallErrorKind::Throttled => CallOutcome::Throttled,
        CallErrorKind::TimedOut => CallOutcome::TimedOut,
        CallErrorKind::IdentityRejected => CallOutcome::IdentityRejected,
        CallErrorKind::ClockSkew => CallOutcome::ClockSkew,
        CallErrorKind::Answer { code, .. } => match &**code {
            "AccessDenied" | "AccessDeniedException" => CallOutcome::Denied,
            _ => CallOutcome::Failed,
        },
    }
}
