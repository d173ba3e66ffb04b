//! Traces: the spans of the program, and their export by OTLP.
//!
//! A span has names only, as the log does: an ARN, a version, a digest, the message of a failure;
//! never the value of a secret. The log never shows a span. If nothing collects spans, as in a build
//! without the feature `otel`, making one costs a comparison of levels.
//!
//! Attribute names are those of OpenTelemetry's semantic conventions, where it has one.

#[cfg(feature = "otel")]
mod collector_client;
#[cfg(not(feature = "otel"))]
mod disabled;
#[cfg(feature = "otel")]
mod exporter;
#[cfg(feature = "otel")]
mod span_queue;
mod spans;

#[cfg(not(feature = "otel"))]
pub use disabled::{Traces, TracesError};
#[cfg(feature = "otel")]
pub use exporter::{Traces, TracesError};
pub use spans::{
    TARGET, attempt_span, aws_call_span, cluster_span, credential_span, permit_span, pull_span, record_error,
    record_failure, record_request_end, request_span, run_span,
};
