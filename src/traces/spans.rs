//! The spans, each made by one function, and the recording of how they ended.

use std::fmt::Display;

use tracing::Span;
use tracing::field::{Empty, display};

use crate::error::{Failure, Printable};
use crate::task::ImageReference;

/// The target of every span. It does not begin with the program's name, so that no filter of the
/// log enables a span.
pub const TARGET: &str = "spans";

/// The name of the span whose end makes the export of the collected spans due.
pub(super) const RUN: &str = "run";

macro_rules! span {
    ($name:expr, $($fields:tt)*) => {
        tracing::info_span!(
            target: TARGET, $name,
            otel.status_code = Empty, otel.status_description = Empty, "error.type" = Empty, taskpull.link = Empty,
            $($fields)*
        )
    };
}

/// A request of the agent, from its acceptance to its end.
#[must_use]
pub fn request_span(id: &dyn Display, source: &dyn Display) -> Span {
    span!("request", taskpull.request.id = %id, taskpull.request.source = %source, taskpull.request.ending = Empty)
}

/// One execution of a plan.
#[must_use]
pub fn run_span(images: usize) -> Span {
    span!(RUN, taskpull.images = images)
}

/// One listing of the ECS cluster whose images are prefetched.
#[must_use]
pub fn cluster_span() -> Span {
    tracing::info_span!(target: TARGET, "cluster")
}

/// One image of a plan, from the beginning of the run to the end of its pull.
#[must_use]
pub fn pull_span(image: &ImageReference) -> Span {
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

/// The resolution of a pull's credential.
#[must_use]
pub fn credential_span(kind: &'static str, after_refusal: bool) -> Span {
    span!(
        "credential",
        taskpull.credential.kind = kind,
        taskpull.credential.after_refusal = after_refusal,
        taskpull.identity = Empty,
        taskpull.secret.version_id = Empty,
        aws.secretsmanager.secret.arn = Empty,
    )
}

/// A call to AWS, including the retries of the SDK.
#[must_use]
pub fn aws_call_span(service: &'static str, operation: &'static str) -> Span {
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

/// The wait for the permit of a pull.
#[must_use]
pub fn permit_span() -> Span {
    tracing::info_span!(target: TARGET, "turn")
}

/// One attempt of the engine at a pull, or of the registry at a verification.
#[must_use]
pub fn attempt_span(number: u32, task: &'static str) -> Span {
    span!("attempt", otel.kind = "client", taskpull.attempt = number, taskpull.task = task)
}

/// Records a failure as the end of a span.
pub fn record_failure(span: &Span, failure: &Failure) {
    record_error(span, &failure.class, &failure.message);
    span.record("taskpull.link", attribute(&failure.link));
}

/// Records how a request ended.
pub fn record_request_end(span: &Span, ending: &'static str, failure: Option<&Failure>) {
    span.record("taskpull.request.ending", ending);
    if let Some(failure) = failure {
        record_failure(span, failure);
    }
}

/// Records an error that is not a [`Failure`] as the end of a span: its kind, and one sentence.
pub fn record_error(span: &Span, kind: &dyn Display, message: &Printable) {
    if span.is_disabled() {
        return;
    }
    span.record("otel.status_code", "ERROR");
    span.record("otel.status_description", display(message));
    span.record("error.type", attribute(kind));
}

/// A link or class as an attribute has it: with hyphens, as in JSON.
fn attribute(words: &dyn Display) -> String {
    words.to_string().replace(' ', "-")
}
