//! The log: our own events on stderr, at the level that the settings ask for.
//!
//! Other crates' events never pass, at any level: at `trace` an AWS SDK writes session
//! tokens and an HTTP client whole headers. What a library has to say about a failure
//! reaches the reader as the error's source. Spans never pass either: they are for traces, and
//! nothing else is.

use tracing::{Dispatch, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{stderr, tell};
use crate::config::Settings;
use crate::traces::Traces;

/// The target of everything that is ours, and the first part of it.
const OURS: &str = "taskpull";

/// Starts it, with the setting `log.filter`; to be called once.
pub(super) fn start(filter: &str) {
    started(filter, &Traces::default());
}

/// The same with the traces that the settings want; whatever stands against them stops nothing
/// else.
pub(super) fn start_with_traces(settings: &Settings) -> Traces {
    let traces = Traces::open(&settings.traces).unwrap_or_else(|error| {
        tell(&format!("warning: traces are disabled: {error}"));
        Traces::default()
    });
    started(&settings.log.filter, &traces);
    traces
}

/// Begins to send them, with a thread.
pub(super) fn send(traces: &Traces) {
    if let Err(error) = traces.start() {
        tell(&format!("warning: traces are disabled: {error}"));
    }
}

fn started(filter: &str, traces: &Traces) {
    // An error means that somebody else in this process logs already, which is as well.
    let _ = dispatch(filter, traces).try_init();
}

fn dispatch(filter: &str, traces: &Traces) -> Dispatch {
    let lines = tracing_subscriber::fmt::layer().with_writer(|| stderr::Log).with_ansi(false);
    with_spans(tracing_subscriber::registry().with(lines.with_filter(levels(filter))), traces)
}

/// The log, and what takes the spans and nothing but them where somebody wants them. A layer that
/// did nothing would have all of them made.
#[cfg(feature = "otel")]
fn with_spans<S>(log: S, traces: &Traces) -> Dispatch
where
    S: Subscriber + Send + Sync + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let Some(made) = traces.tracer() else { return Dispatch::new(log) };
    let spans = tracing_opentelemetry::layer()
        .with_tracer(made)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false);
    let only_ours = Targets::new().with_target(crate::traces::TARGET, LevelFilter::INFO);
    Dispatch::new(log.with(spans.with_filter(only_ours)))
}

#[cfg(not(feature = "otel"))]
fn with_spans(log: impl Subscriber + Send + Sync, _: &Traces) -> Dispatch {
    Dispatch::new(log)
}

/// The levels of our own targets. What cannot be read, or is another's, is passed over. A
/// level alone is for all targets that have none of their own, wherever it stands.
fn levels(filter: &str) -> Targets {
    let directives = filter.split(',').map(str::trim).filter(|directive| !directive.is_empty());
    let (mut for_all, mut levels) = (LevelFilter::WARN, Vec::new());
    for directive in directives {
        let (target, level) = match directive.split_once('=') {
            Some((target, level)) => (target.trim(), level.trim().parse().ok()),
            None if is_ours(directive) => (directive, Some(LevelFilter::TRACE)),
            None => {
                for_all = directive.parse().unwrap_or(for_all);
                continue;
            }
        };
        levels.extend(level.filter(|_| is_ours(target)).map(|level| (target, level)));
    }
    Targets::new().with_target(OURS, for_all).with_targets(levels)
}

fn is_ours(target: &str) -> bool {
    target.strip_prefix(OURS).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::{dispatch, levels};
    use crate::traces::{self, Traces};

    #[test]
    fn without_traces_no_span_is_made() {
        for filter in ["", "trace", "trace,spans=trace"] {
            let dispatch = dispatch(filter, &Traces::default());
            assert!(tracing::dispatcher::with_default(&dispatch, || traces::permit_span().is_disabled()), "{filter}");
        }
    }

    #[test]
    fn levels_are_those_of_our_own_targets() {
        let level = |filter: &str, target: &str| {
            let levels = levels(filter);
            let passes = |level: &LevelFilter| levels.would_enable(target, &level.into_level().unwrap());
            [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::INFO, LevelFilter::WARN, LevelFilter::ERROR]
                .into_iter()
                .find(passes)
                .unwrap_or(LevelFilter::OFF)
        };
        for (filter, pull, agent) in [
            ("", LevelFilter::WARN, LevelFilter::WARN),
            ("debug", LevelFilter::DEBUG, LevelFilter::DEBUG),
            ("OFF", LevelFilter::OFF, LevelFilter::OFF),
            ("taskpull=info", LevelFilter::INFO, LevelFilter::INFO),
            ("taskpull::pull", LevelFilter::TRACE, LevelFilter::WARN),
            (" error, taskpull::pull = debug ", LevelFilter::DEBUG, LevelFilter::ERROR),
            ("aws_config=trace,hyper,nonsense=,taskpull=loud", LevelFilter::WARN, LevelFilter::WARN),
            ("taskpull=debug,warn", LevelFilter::DEBUG, LevelFilter::DEBUG),
            ("taskpull::pull=trace,info,taskpull=error", LevelFilter::TRACE, LevelFilter::ERROR),
        ] {
            assert_eq!(
                (level(filter, "taskpull::pull::one"), level(filter, "taskpull::agent")),
                (pull, agent),
                "{filter}"
            );
        }
        for other in ["aws_config", "hyper::client", "task", ""] {
            assert_eq!(level("trace,aws_config=trace,hyper=trace,task=trace", other), LevelFilter::OFF, "{other}");
        }
    }
}
