//! The log: our own events on stderr, at the level that the settings ask for.
//!
//! Other crates' events never pass, at any level: at `trace` an AWS SDK writes session
//! tokens and an HTTP client whole headers. What a library has to say about a failure
//! reaches the reader as the error's source.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::stderr;

/// Starts it, with the setting `log.filter`; to be called once.
pub(super) fn start(filter: &str) {
    let level = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).parse_lossy(filter);
    let ours = filter_fn(|event| event.target() == "taskpull" || event.target().starts_with("taskpull::"));
    let lines = tracing_subscriber::fmt::layer().with_writer(|| stderr::Log).with_ansi(false).with_filter(ours);
    // An error means that somebody else in this process logs already, which is as well.
    let _ = tracing_subscriber::registry().with(level).with(lines).try_init();
}
