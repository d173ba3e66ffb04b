//! A collector of traces. It receives OTLP over HTTP and decodes the protobuf itself, so that the
//! library under test does not judge itself.

mod protobuf;
mod span;
mod trace_collector;

pub use self::trace_collector::TraceCollector;
