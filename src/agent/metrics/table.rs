//! The table of metrics: one row for each, from which it is counted, rendered and documented.
//!
//! Names and units follow the conventions of Prometheus. Every label has a few fixed values,
//! never an image, an ARN or an account.

use std::fmt::Write as _;

/// One row of the table.
#[derive(Debug)]
pub struct Metric {
    /// Name in the exposition format, with unit and suffix.
    pub name: &'static str,
    /// Type of the metric.
    pub kind: MetricKind,
    /// Names of the labels, in the order in which their values are given.
    pub labels: &'static [&'static str],
    /// Help text for the exposition format and the documentation.
    pub help: &'static str,
}

/// Type of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MetricKind {
    /// A value that only increases.
    Counter,
    /// A value that increases and decreases.
    Gauge,
    /// Durations in buckets with these upper bounds, in seconds.
    Histogram(&'static [f64]),
}

impl MetricKind {
    /// Name of the type in the exposition format.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

type Labels = &'static [&'static str];

const fn counter(name: &'static str, labels: Labels, help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: Labels, help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Gauge, labels, help }
}

const fn histogram(name: &'static str, labels: Labels, bounds: &'static [f64], help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Histogram(bounds), labels, help }
}

/// From an unchanged manifest to an image of tens of gigabytes.
const PULL_BOUNDS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];
/// From a call within the Region to the default of `secrets.timeout`.
const CALL_BOUNDS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// From a value just fetched to the twelve hours of an ECR token.
const AGE_BOUNDS: &[f64] = &[1.0, 60.0, 300.0, 900.0, 3600.0, 10_800.0, 21_600.0, 43_200.0];

pub(super) const BUILD_INFO: Metric =
    gauge("taskpull_build_info", &["version"], "Always 1; the label is the version of the program.");
pub(super) const START_TIME: Metric =
    gauge("process_start_time_seconds", &[], "Start time of the agent, in seconds since 1970.");
pub(super) const REQUESTS_OPEN: Metric =
    gauge("taskpull_requests_open", &["phase"], "Open requests: `queued`, `running`, or `waiting` for a retry.");
pub(super) const REQUESTS_OPEN_LIMIT: Metric = gauge(
    "taskpull_requests_open_limit",
    &[],
    "Maximum number of open requests (`agent.open_requests`); at the limit, the agent accepts no more.",
);
pub(super) const REQUESTS: Metric =
    counter("taskpull_requests_total", &["ending"], "Requests that ended: `succeeded`, `failed` or `cancelled`.");
pub(super) const REQUEST_DURATION: Metric = histogram(
    "taskpull_request_duration_seconds",
    &["ending"],
    PULL_BOUNDS,
    "Time from the acceptance of a request to its end.",
);
pub(super) const PULLS: Metric = counter(
    "taskpull_pulls_total",
    &["result", "class"],
    "Pulls of requests that ended, each counted once even if several containers use it: the `result` as in a report, and the `class` of the failure if it is `failed` or `cancelled`.",
);
pub(super) const PULL_FAILURES: Metric = counter(
    "taskpull_pull_failures_total",
    &["link", "class"],
    "Failed pulls, by the link of the chain that broke. The class of a refusal is `refused`.",
);
pub(super) const PULL_RETRIES: Metric = counter(
    "taskpull_pull_retries_total",
    &["class"],
    "Pull attempts that failed and were retried, by the class of the failure.",
);
pub(super) const PULL_DURATION: Metric = histogram(
    "taskpull_pull_duration_seconds",
    &["result"],
    PULL_BOUNDS,
    "Duration of a pull, without its wait for a permit.",
);
pub(super) const PULL_WAIT: Metric =
    histogram("taskpull_pull_wait_seconds", &[], PULL_BOUNDS, "Wait of a pull for a permit (`pull.concurrency`).");
pub(super) const DOWNLOADED_BYTES: Metric = counter(
    "taskpull_downloaded_bytes_total",
    &[],
    "Bytes of layers that the engine downloaded, if it reports them (Podman does not).",
);
pub(super) const CREDENTIALS_SERVED: Metric = counter(
    "taskpull_credentials_served_total",
    &["what", "source"],
    "Secrets and ECR tokens (`secret`, `token`) used for a pull: `read` from AWS, `kept` in the cache, or `stale` because AWS is unavailable.",
);
pub(super) const CREDENTIAL_AGE: Metric = histogram(
    "taskpull_credential_age_seconds",
    &["what"],
    AGE_BOUNDS,
    "Age of a secret or token when it is used for a pull.",
);
pub(super) const CREDENTIALS_ISSUED: Metric = counter(
    "taskpull_credentials_issued_total",
    &["kind"],
    "Credentials issued to other programs on this host, by their kind as in a report.",
);
pub(super) const ACCESS_DECISIONS: Metric = counter(
    "taskpull_access_decisions_total",
    &["right", "decision"],
    "Decisions on requests to the agent's API: `allowed` or `refused`.",
);
pub(super) const AWS_CALLS: Metric = counter(
    "taskpull_aws_calls_total",
    &["operation", "result"],
    "Calls to AWS, each including the retries of the SDK: `answered`, `denied`, `failed` (another error of the service), `identity-rejected`, `clock-skew`, `throttled`, `unavailable` or `timed-out`.",
);
pub(super) const AWS_CALL_DURATION: Metric = histogram(
    "taskpull_aws_call_duration_seconds",
    &["operation"],
    CALL_BOUNDS,
    "Duration of a call to AWS, with any result.",
);
pub(super) const AUDIT_LINES: Metric =
    counter("taskpull_audit_lines_total", &["result"], "Lines of the audit log: `written` or `lost`.");

pub(super) const PANICS: Metric = counter(
    "taskpull_panics_total",
    &[],
    "Panics in the agent: each is a defect, has a line in the log, and ended only the work that it occurred in.",
);

/// All metrics, in the order in which they are rendered.
pub const METRICS: &[&Metric] = &[
    &BUILD_INFO,
    &START_TIME,
    &REQUESTS_OPEN,
    &REQUESTS_OPEN_LIMIT,
    &REQUESTS,
    &REQUEST_DURATION,
    &PULLS,
    &PULL_FAILURES,
    &PULL_RETRIES,
    &PULL_DURATION,
    &PULL_WAIT,
    &DOWNLOADED_BYTES,
    &CREDENTIALS_SERVED,
    &CREDENTIAL_AGE,
    &CREDENTIALS_ISSUED,
    &ACCESS_DECISIONS,
    &AWS_CALLS,
    &AWS_CALL_DURATION,
    &AUDIT_LINES,
    &PANICS,
];

/// Renders the table as Markdown, for `docs/operations.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("| metric | kind | labels | meaning |\n|---|---|---|---|\n");
    for Metric { name, kind, labels, help } in METRICS {
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{name}` | {} | {labels} | {help} |", kind.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{METRICS, MetricKind};

    #[test]
    fn metric_names_state_their_type_and_unit() {
        for metric in METRICS {
            let is_total = metric.name.ends_with("_total");
            assert_eq!(is_total, metric.kind == MetricKind::Counter, "{}", metric.name);
            if let MetricKind::Histogram(bounds) = metric.kind {
                assert!(metric.name.ends_with("_seconds"), "{}", metric.name);
                assert!(bounds.is_sorted(), "{}", metric.name);
            }
        }
        let names: std::collections::HashSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len(), "each name occurs once");
    }
}
