//! The log: taskpull's own events on stderr, at the level of the setting `log.filter`.
//!
//! Must not: write the events of other crates, at any level. At `trace`, the AWS SDK logs session tokens,
//! and HTTP clients log whole headers. What a library reports about a failure reaches the user as the
//! source of an error. Spans are not logged either; they go to the exporter of traces only.

use tracing::{Dispatch, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::terminal::stderr::{LogWriter, print_line};
use crate::config::Settings;
use crate::traces::Traces;

/// The target of taskpull's events, or the first part of it.
const TARGET: &str = "taskpull";

/// Starts the log with this filter. Must be called once.
pub(super) fn start(filter: &str) {
    install(filter, &Traces::default());
}

/// Starts the log, and the collection of spans if traces are configured. An error disables the traces.
pub(super) fn start_with_traces(settings: &Settings) -> Traces {
    let traces = Traces::open(&settings.traces).unwrap_or_else(|error| {
        print_line(&format!("warning: traces are disabled: {error}"));
        Traces::default()
    });
    install(&settings.log.filter, &traces);
    traces
}

/// Starts the thread that exports the spans.
pub(super) fn start_export(traces: &Traces) {
    if let Err(error) = traces.start() {
        print_line(&format!("warning: traces are disabled: {error}"));
    }
}

fn install(filter: &str, traces: &Traces) {
    // It fails only if another log is installed in this process, which then gets the events.
    let _ = dispatch(filter, traces).try_init();
}

fn dispatch(filter: &str, traces: &Traces) -> Dispatch {
    let lines = tracing_subscriber::fmt::layer().with_writer(|| LogWriter).with_ansi(false);
    with_spans(tracing_subscriber::registry().with(lines.with_filter(levels(filter))), traces)
}

/// Adds the layer that collects spans, only if traces are configured: with a layer that drops them, each
/// span would be created.
#[cfg(feature = "otel")]
fn with_spans<S>(log: S, traces: &Traces) -> Dispatch
where
    S: Subscriber + Send + Sync + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let Some(span_tracer) = traces.tracer() else { return Dispatch::new(log) };
    let spans = tracing_opentelemetry::layer()
        .with_tracer(span_tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false);
    let own_spans = Targets::new().with_target(crate::traces::TARGET, LevelFilter::INFO);
    Dispatch::new(log.with(spans.with_filter(own_spans)))
}

#[cfg(not(feature = "otel"))]
fn with_spans(log: impl Subscriber + Send + Sync, _: &Traces) -> Dispatch {
    Dispatch::new(log)
}

/// Parses the filter. Directives for other targets and invalid ones are ignored. A level without a target
/// applies to every target that has no directive of its own, whatever the order.
fn levels(filter: &str) -> Targets {
    let directives = filter.split(',').map(str::trim).filter(|directive| !directive.is_empty());
    let (mut default, mut levels) = (LevelFilter::WARN, Vec::new());
    for directive in directives {
        let (target, level) = match directive.split_once('=') {
            Some((target, level)) => (target.trim(), level.trim().parse().ok()),
            None if is_own_target(directive) => (directive, Some(LevelFilter::TRACE)),
            None => {
                default = directive.parse().unwrap_or(default);
                continue;
            }
        };
        levels.extend(level.filter(|_| is_own_target(target)).map(|level| (target, level)));
    }
    Targets::new().with_target(TARGET, default).with_targets(levels)
}

fn is_own_target(target: &str) -> bool {
    target.strip_prefix(TARGET).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tracing_subscriber::filter::LevelFilter;

    use super::{dispatch, levels};
    use crate::traces::{self, Traces};

    #[test]
    fn no_span_is_created_without_traces() {
        for filter in ["", "trace", "trace,spans=trace"] {
            let dispatch = dispatch(filter, &Traces::default());
            assert!(tracing::dispatcher::with_default(&dispatch, || traces::permit_span().is_disabled()), "{filter}");
        }
    }

    #[test]
    fn filter_sets_the_levels_of_own_targets_only() {
        let level = |filter: &str, target: &str| {
            let levels = levels(filter);
            let is_enabled = |level: &LevelFilter| levels.would_enable(target, &level.into_level().unwrap());
            [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::INFO, LevelFilter::WARN, LevelFilter::ERROR]
                .into_iter()
                .find(is_enabled)
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

    proptest! {
        #[test]
        fn no_filter_enables_another_crate(filter in "((aws_config|hyper|taskpull|task|trace|[a-z=,: ]{0,9})[=,]?){0,6}") {
            let levels = levels(&filter);
            for target in ["aws_config", "hyper::client", "task", ""] {
                prop_assert!(!levels.would_enable(target, &tracing::Level::ERROR), "{filter}: {target}");
            }
        }
    }
}
