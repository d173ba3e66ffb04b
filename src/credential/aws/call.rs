//! One call to a service: told to whoever watches, however it ends.

use std::error::Error;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::said::{Failed, Meaning, failed};
use crate::credential::{AwsRequest, Call, CallEnd, Watch};
use crate::error::Printable;
use crate::traces;

/// What a service has answered.
pub(super) struct Answered<T> {
    pub answer: T,
    /// The call by its name, where the service gave it one.
    pub request: Option<AwsRequest>,
}

/// The calls behind an identity's credentials: a property of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Behind(pub Vec<AwsRequest>);

/// Waits for the answer to a call, of a service by its name in the SDK. Whoever stops waiting has reached a deadline.
pub(super) async fn call<T, E>(
    watch: &dyn Watch,
    (service, operation): (&'static str, &'static str),
    send: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<Answered<T>, Failed>
where
    T: RequestId,
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let span = traces::aws_call_span(service, operation);
    let answer = send.instrument(span.clone());
    let mut told = Told { watch, operation, begun: Instant::now(), ended: CallEnd::TimedOut, span };
    match answer.await {
        Ok(answer) => {
            told.ended = CallEnd::Answered;
            let request = answer.request_id().map(|id| AwsRequest { operation, id: Printable::new(id) });
            told.span.record("aws.request_id", request.as_ref().map(|request| request.id.as_str()));
            Ok(Answered { answer, request })
        }
        Err(error) => {
            let failed = failed(error);
            told.ended = ended(&failed.meaning);
            Err(failed)
        }
    }
}

/// Tells of the call when it goes.
struct Told<'a> {
    watch: &'a dyn Watch,
    operation: &'static str,
    begun: Instant,
    ended: CallEnd,
    span: Span,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        let Self { watch, operation, begun, ended, ref span } = *self;
        if ended != CallEnd::Answered {
            traces::record_error(span, &ended.word(), &Printable::new(&format!("{operation}: {}", ended.word())));
        }
        watch.called(&Call { operation, ended, took: begun.elapsed() });
    }
}

fn ended(meaning: &Meaning) -> CallEnd {
    match meaning {
        Meaning::Unavailable => CallEnd::Unavailable,
        Meaning::Throttled => CallEnd::Throttled,
        Meaning::TimedOut => CallEnd::TimedOut,
        Meaning::IdentityRejected => CallEnd::IdentityRejected,
        Meaning::ClockSkew => CallEnd::ClockSkew,
        Meaning::Answer { code, .. } => match &**code {
            "AccessDenied" | "AccessDeniedException" => CallEnd::Denied,
            _ => CallEnd::Failed,
        },
    }
}
