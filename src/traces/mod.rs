//! Traces: what is done here as spans, and where they are sent.
//!
//! Names only, as in the log: an ARN, a version, a digest, a failure's message; never a value
//! of a secret. The log never shows a span. Where nobody collects them, as in a build without
//! the feature `otel`, making one is a comparison of levels.
//!
//! Names of attributes are those of OpenTelemetry's semantic conventions, where it has one.

#[cfg(not(feature = "otel"))]
mod absent;
#[cfg(feature = "otel")]
mod client;
#[cfg(feature = "otel")]
mod export;
#[cfg(feature = "otel")]
mod queue;
#[cfg(feature = "otel")]
mod sender;

use std::fmt::Display;

use tracing::Span;
use tracing::field::{Empty, display};

#[cfg(not(feature = "otel"))]
pub use absent::{Traces, TracesError};
#[cfg(feature = "otel")]
pub use export::{Traces, TracesError};

use crate::error::{Failure, Printable};
use crate::task::ImageReference;

/// The target of every span. It does not begin with the program's name, so that no filter of
/// the log lets one pass.
pub const TARGET: &str = "spans";

/// The name of the span whose end is worth sending what has gathered.
const RUN: &str = "run";

macro_rules! span {
    ($name:expr, $($fields:tt)*) => {
        tracing::info_span!(
            target: TARGET, $name,
            otel.status_code = Empty, otel.status_description = Empty, "error.type" = Empty, taskpull.link = Empty,
            $($fields)*
        )
    };
}

/// A request of the agent's, from its acceptance to its end.
#[must_use]
pub fn request(id: &dyn Display, source: &dyn Display) -> Span {
    span!("request", taskpull.request.id = %id, taskpull.request.source = %source, taskpull.request.ending = Empty)
}

/// A plan that is carried out.
#[must_use]
pub fn run(images: usize) -> Span {
    span!(RUN, taskpull.images = images)
}

/// A look at the cluster that is kept warm.
#[must_use]
pub fn cluster() -> Span {
    tracing::info_span!(target: TARGET, "cluster")
}

/// One image of a plan, from the beginning of the run to its end.
#[must_use]
pub fn pull(image: &ImageReference) -> Span {
    span!(
        "pull",
        container.image.name = image.name(),
        taskpull.image = %image,
        taskpull.registry = image.registry(),
        taskpull.result = Empty,
        taskpull.attempts = Empty,
        oci.manifest.digest = Empty,
    )
}

/// The search for a pull's credential.
#[must_use]
pub fn credential(kind: &'static str, after_refusal: bool) -> Span {
    span!(
        "credential",
        taskpull.credential.kind = kind,
        taskpull.credential.after_refusal = after_refusal,
        taskpull.identity = Empty,
        taskpull.secret.version_id = Empty,
        aws.secretsmanager.secret.arn = Empty,
    )
}

/// A call to AWS, the SDK's own attempts at it included.
#[must_use]
pub fn call(service: &'static str, operation: &'static str) -> Span {
    span!(
        "call",
        otel.name = format_args!("{service}.{operation}"),
        otel.kind = "client",
        rpc.system = "aws-api",
        rpc.service = service,
        rpc.method = operation,
        aws.request_id = Empty,
    )
}

/// The wait for a pull's turn.
#[must_use]
pub fn turn() -> Span {
    tracing::info_span!(target: TARGET, "turn")
}

/// One attempt of the engine's.
#[must_use]
pub fn attempt(number: u32, task: &'static str) -> Span {
    span!("attempt", otel.kind = "client", taskpull.attempt = number, taskpull.task = task)
}

/// Says how it ended on the span of a thing that failed.
pub fn failed(span: &Span, failure: &Failure) {
    broken(span, &failure.class, &failure.message);
    span.record("taskpull.link", word(&failure.link));
}

/// Says how a request ended.
pub fn ended(span: &Span, ending: &'static str, failure: Option<&Failure>) {
    span.record("taskpull.request.ending", ending);
    if let Some(failure) = failure {
        failed(span, failure);
    }
}

/// The same of what has no [`Failure`] yet: what kind it is of, and one sentence.
pub fn broken(span: &Span, kind: &dyn Display, message: &Printable) {
    if span.is_disabled() {
        return;
    }
    span.record("otel.status_code", "ERROR");
    span.record("otel.status_description", display(message));
    span.record("error.type", word(kind));
}

/// A word of ours as programs have it.
fn word(word: &dyn Display) -> String {
    word.to_string().replace(' ', "-")
}
