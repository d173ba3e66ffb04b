//! The table: one row for each metric, from which it is counted, rendered and documented.
//!
//! Names and units are as Prometheus wants them. Every label has a few words to choose from:
//! no image, no ARN, no account is ever one.

use std::fmt::Write as _;

/// One row: everything there is to know about a metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// What it is told apart by, in this order.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How many were at most so long, in seconds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// As Prometheus calls it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// From a manifest that had not changed to an image of tens of gigabytes.
const PULL_SECONDS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];
/// From a call within the Region to the default of `secrets.timeout`.
const CALL_SECONDS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// From a value just read to an ECR token's twelve hours.
const AGE_SECONDS: &[f64] = &[1.0, 60.0, 300.0, 900.0, 3600.0, 10_800.0, 21_600.0, 43_200.0];

/// The build.
pub const BUILD: Metric = Metric {
    name: "taskpull_build_info",
    kind: Kind::Gauge,
    labels: &["version"],
    help: "Always 1: the version that runs.",
};
/// The start.
pub const START: Metric = Metric {
    name: "process_start_time_seconds",
    kind: Kind::Gauge,
    labels: &[],
    help: "When the agent was started, in seconds since 1970.",
};
/// Requests that are open.
pub const OPEN: Metric = Metric {
    name: "taskpull_requests_open",
    kind: Kind::Gauge,
    labels: &["phase"],
    help: "Requests that are open: `queued`, `running`, or `waiting` to be tried again.",
};
/// The bound of those.
pub const OPEN_LIMIT: Metric = Metric {
    name: "taskpull_requests_open_limit",
    kind: Kind::Gauge,
    labels: &[],
    help: "Requests that may be open (`agent.open_requests`); with so many, no more are accepted.",
};
/// Requests that have ended.
pub const REQUESTS: Metric = Metric {
    name: "taskpull_requests_total",
    kind: Kind::Counter,
    labels: &["ending"],
    help: "Requests that have ended: `succeeded`, `failed` or `cancelled`.",
};
/// Their time.
pub const REQUEST_SECONDS: Metric = Metric {
    name: "taskpull_request_duration_seconds",
    kind: Kind::Histogram(PULL_SECONDS),
    labels: &["ending"],
    help: "From a request's acceptance to its end.",
};
/// Pulls that have ended.
pub const PULLS: Metric = Metric {
    name: "taskpull_pulls_total",
    kind: Kind::Counter,
    labels: &["result", "class"],
    help: "Pulls of requests that have ended, each once however many containers want it: the `result` as in a report, and the `class` of the failure where it is `failed` or `cancelled`.",
};
/// Failures by their place.
pub const FAILURES: Metric = Metric {
    name: "taskpull_pull_failures_total",
    kind: Kind::Counter,
    labels: &["link", "class"],
    help: "Pulls that failed, by the link of the chain that broke. Refusals are those whose class is `refused`.",
};
/// Attempts beyond the first.
pub const RETRIES: Metric = Metric {
    name: "taskpull_pull_retries_total",
    kind: Kind::Counter,
    labels: &["class"],
    help: "Attempts at a pull that failed and were followed by another one, by the class of that failure.",
};
/// How long a pull takes.
pub const PULL_SECONDS_OF: Metric = Metric {
    name: "taskpull_pull_duration_seconds",
    kind: Kind::Histogram(PULL_SECONDS),
    labels: &["result"],
    help: "From a pull's turn to its end.",
};
/// How long a pull waits.
pub const WAIT_SECONDS: Metric = Metric {
    name: "taskpull_pull_wait_seconds",
    kind: Kind::Histogram(PULL_SECONDS),
    labels: &[],
    help: "A pull's wait for its turn (`pull.concurrency`).",
};
/// What was fetched.
pub const BYTES: Metric = Metric {
    name: "taskpull_downloaded_bytes_total",
    kind: Kind::Counter,
    labels: &[],
    help: "Bytes of layers that the engine has downloaded, as far as it told: Podman does not.",
};
/// Credentials for pulls.
pub const SERVED: Metric = Metric {
    name: "taskpull_credentials_served_total",
    kind: Kind::Counter,
    labels: &["what", "source"],
    help: "Secrets and ECR tokens (`secret`, `token`) that went to a pull: `read` from AWS, `kept` from before, or `stale` because AWS does not answer.",
};
/// How old they were.
pub const AGE_SECONDS_OF: Metric = Metric {
    name: "taskpull_credential_age_seconds",
    kind: Kind::Histogram(AGE_SECONDS),
    labels: &["what"],
    help: "How long ago AWS gave the secret or token that went to a pull.",
};
/// Credentials that left.
pub const GIVEN: Metric = Metric {
    name: "taskpull_credentials_given_total",
    kind: Kind::Counter,
    labels: &["kind"],
    help: "Credentials that were given to somebody else on this host, by their kind as in a report.",
};
/// Decisions.
pub const ACCESS: Metric = Metric {
    name: "taskpull_access_decisions_total",
    kind: Kind::Counter,
    labels: &["right", "decision"],
    help: "Decisions about what somebody on this host asked of the agent: `allowed` or `refused`.",
};
/// Calls.
pub const CALLS: Metric = Metric {
    name: "taskpull_aws_calls_total",
    kind: Kind::Counter,
    labels: &["operation", "result"],
    help: "Calls to AWS, the SDK's own attempts at each included: `answered`, `denied`, `failed` (another error of the service's own), `identity-rejected`, `clock-skew`, `throttled`, `unavailable` or `timed-out`.",
};
/// Their time.
pub const CALL_SECONDS_OF: Metric = Metric {
    name: "taskpull_aws_call_duration_seconds",
    kind: Kind::Histogram(CALL_SECONDS),
    labels: &["operation"],
    help: "The time of a call to AWS, however it ended.",
};
/// Lines of the audit trail.
pub const AUDIT: Metric = Metric {
    name: "taskpull_audit_lines_total",
    kind: Kind::Counter,
    labels: &["result"],
    help: "Lines of the audit trail: `written` or `lost`.",
};

/// Every metric there is, in the order in which they are rendered.
pub const METRICS: &[&Metric] = &[
    &BUILD,
    &START,
    &OPEN,
    &OPEN_LIMIT,
    &REQUESTS,
    &REQUEST_SECONDS,
    &PULLS,
    &FAILURES,
    &RETRIES,
    &PULL_SECONDS_OF,
    &WAIT_SECONDS,
    &BYTES,
    &SERVED,
    &AGE_SECONDS_OF,
    &GIVEN,
    &ACCESS,
    &CALLS,
    &CALL_SECONDS_OF,
    &AUDIT,
];

/// The table as Markdown, for `docs/operations.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("| metric | kind | labels | what it says |\n|---|---|---|---|\n");
    for Metric { name, kind, labels, help } in METRICS {
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{name}` | {} | {labels} | {help} |", kind.word());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Kind, METRICS};

    #[test]
    fn names_say_the_kind_and_the_unit() {
        for metric in METRICS {
            let is_total = metric.name.ends_with("_total");
            assert_eq!(is_total, metric.kind == Kind::Counter, "{}", metric.name);
            if let Kind::Histogram(bounds) = metric.kind {
                assert!(metric.name.ends_with("_seconds"), "{}", metric.name);
                assert!(bounds.is_sorted(), "{}", metric.name);
            }
        }
        let names: std::collections::HashSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
    }
}
