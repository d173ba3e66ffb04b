//! One AWS call with its span; the observer is informed however the call ends.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;
use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, Span};

use crate::aws::{AwsCall, AwsErrorKind, AwsRequest, sdk_error::FailedCall};
use crate::error::Printable;
use crate::traces;

/// An answer, and the request id if the service assigned one.
pub(crate) struct CallResponse<T> {
    pub answer: T,
    pub request: Option<AwsRequest>,
}

/// Waits for the answer to a call. A caller that stops waiting has reached its deadline.
///
/// Boxed: a call of the SDK is a future of many kilobytes, and every layer above would copy it.
pub(crate) fn observe<'a, T, E>(
    observer: &'a dyn CallObserver,
    call: AwsCall,
    send: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
) -> BoxFuture<'a, Result<CallResponse<T>, FailedCall>>
where
    T: RequestId + Send,
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let (service, operation) = (call.service(), call.operation());
    let span = traces::aws_call_span(service.sdk_id(), operation);
    let answer = send.instrument(span.clone());
    async move {
        let started = Instant::now();
        let mut recorder = CallRecorder { observer, call, started, outcome: CallOutcome::TimedOut, span };
        match answer.await {
            Ok(answer) => {
                recorder.outcome = CallOutcome::Answered;
                let request = answer.request_id().map(|id| AwsRequest { operation, id: Printable::new(id) });
                recorder.span.record("aws.request_id", request.as_ref().map(|request| request.id.as_str()));
                Ok(CallResponse { answer, request })
            }
            Err(error) => {
                let failed = FailedCall::new(service, error);
                recorder.outcome = CallOutcome::from(failed.kind);
                Err(failed)
            }
        }
    }
    .boxed()
}

/// Waits for a call until `end`, which is derived from `secrets.timeout`.
pub(crate) async fn with_deadline<T>(
    end: Instant,
    call: impl Future<Output = Result<T, FailedCall>>,
) -> Result<T, FailedCall> {
    timeout_at(end, call).await.unwrap_or_else(|_| Err(FailedCall::timed_out("no answer within secrets.timeout")))
}

/// Informs the observer when it is dropped, also if the call is cancelled.
struct CallRecorder<'a> {
    observer: &'a dyn CallObserver,
    call: AwsCall,
    started: Instant,
    outcome: CallOutcome,
    span: Span,
}

impl Drop for CallRecorder<'_> {
    fn drop(&mut self) {
        let Self { observer, call, started, outcome, ref span } = *self;
        if outcome != CallOutcome::Answered {
            let label = outcome.label();
            traces::record_error(span, &label, &Printable::new(&format!("{}: {label}", call.operation())));
        }
        observer.call_ended(&AwsCallEvent { call, outcome, duration: started.elapsed() });
    }
}

/// A component that is informed of every AWS call: names and numbers, never a value. Its methods must
/// not block. A run without an observer pays for one empty call.
pub trait CallObserver: fmt::Debug + Send + Sync + 'static {
    /// A call has ended.
    fn call_ended(&self, _: &AwsCallEvent) {}
}

/// The observer that ignores every call.
impl CallObserver for () {}

/// One AWS call, including the SDK's own attempts.
#[derive(Clone, Copy, Debug)]
pub struct AwsCallEvent {
    /// The call that ended.
    pub call: AwsCall,
    /// How the call ended.
    pub outcome: CallOutcome,
    /// The time from the first byte of the first attempt to the last byte of the last one.
    pub duration: Duration,
}

/// How an AWS call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// With the requested result.
    Answered,
    /// A policy denied it.
    Denied,
    /// With another error of the service.
    Failed,
    /// The caller's credentials were not accepted.
    IdentityRejected,
    /// The host's clock is wrong.
    ClockSkew,
    /// The service received too many requests.
    Throttled,
    /// Without a usable answer, or with a server error.
    Unavailable,
    /// The call did not end before its deadline.
    TimedOut,
}

impl CallOutcome {
    /// The outcome as a label of metrics and traces.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::IdentityRejected => "identity-rejected",
            Self::ClockSkew => "clock-skew",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed-out",
        }
    }
}

impl From<AwsErrorKind> for CallOutcome {
    fn from(kind: AwsErrorKind) -> Self {
        match kind {
            AwsErrorKind::Unavailable => Self::Unavailable,
            AwsErrorKind::Throttled => Self::Throttled,
            AwsErrorKind::TimedOut => Self::TimedOut,
            AwsErrorKind::IdentityRejected => Self::IdentityRejected,
            AwsErrorKind::ClockSkew => Self::ClockSkew,
            AwsErrorKind::Denied | AwsErrorKind::SecretKeyDenied | AwsErrorKind::KeyDeniedOrElsewhere => Self::Denied,
            _ => Self::Failed,
        }
    }
}
