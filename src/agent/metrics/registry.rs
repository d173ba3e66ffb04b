//! The values of the metrics, and their rendering in the Prometheus text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::table::{METRICS, Metric, MetricKind};

/// The values of all metrics, by name.
#[derive(Debug, Default)]
pub(super) struct MetricRegistry(Mutex<BTreeMap<&'static str, Vec<Series>>>);

/// One combination of label values and its number. The series of a metric are sorted by their
/// labels; a lookup borrows the labels, so that only a new series copies them.
#[derive(Debug, Default)]
struct Series {
    labels: Vec<String>,
    /// The value of a counter or gauge; the sum of a histogram.
    value: f64,
    /// The observations of a histogram in each of its buckets; the last bucket is unbounded.
    buckets: Vec<u64>,
}

impl MetricRegistry {
    /// Adds to a counter.
    pub(super) fn add(&self, metric: &'static Metric, labels: &[&str], increment: u64) {
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, in bytes nine petabytes")]
        let increment = increment as f64;
        self.update(metric, labels, |series| series.value += increment);
    }

    /// Sets a gauge.
    pub(super) fn set(&self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.update(metric, labels, |series| series.value = value);
    }

    /// Adds a duration to a histogram.
    pub(super) fn observe(&self, metric: &'static Metric, labels: &[&str], duration: Duration) {
        let MetricKind::Histogram(bounds) = metric.kind else { return };
        let seconds = duration.as_secs_f64();
        self.update(metric, labels, |series| {
            series.buckets.resize(bounds.len() + 1, 0);
            series.buckets[bounds.iter().take_while(|bound| seconds > **bound).count()] += 1;
            series.value += seconds;
        });
    }

    fn update(&self, metric: &'static Metric, labels: &[&str], change: impl FnOnce(&mut Series)) {
        debug_assert_eq!(metric.labels.len(), labels.len(), "{}", metric.name);
        let mut metrics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all_series = metrics.entry(metric.name).or_default();
        let order = |series: &Series| series.labels.iter().map(String::as_str).cmp(labels.iter().copied());
        let index = all_series.binary_search_by(order).unwrap_or_else(|index| {
            let labels = labels.iter().map(ToString::to_string).collect();
            all_series.insert(index, Series { labels, ..Series::default() });
            index
        });
        change(&mut all_series[index]);
    }

    /// Renders all metrics in the Prometheus text format, version 0.0.4.
    pub(super) fn render(&self) -> String {
        let metrics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for metric in METRICS {
            let Metric { name, kind, help, .. } = metric;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# HELP {name} {}", help.replace('\\', r"\\"));
            let _ = writeln!(text, "# TYPE {name} {}", kind.as_str());
            for series in metrics.get(name).into_iter().flatten() {
                series.render(&mut text, metric);
            }
        }
        text
    }
}

impl Series {
    fn render(&self, text: &mut String, Metric { name, labels, kind, .. }: &Metric) {
        let Self { labels: values, value, buckets } = self;
        let pairs: Vec<_> =
            labels.iter().zip(values).map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        let format_labels =
            |pairs: &[String]| if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        let labels_text = format_labels(&pairs);
        let MetricKind::Histogram(bounds) = kind else {
            let _ = writeln!(text, "{name}{labels_text} {value}");
            return;
        };
        let bounds = bounds.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        let mut count = 0;
        for (bound, observations) in bounds.zip(buckets) {
            count += observations;
            let bucket = format_labels(&[&pairs[..], &[format!("le=\"{bound}\"")]].concat());
            let _ = writeln!(text, "{name}_bucket{bucket} {count}");
        }
        let _ = writeln!(text, "{name}_sum{labels_text} {value}");
        let _ = writeln!(text, "{name}_count{labels_text} {count}");
    }
}

/// Escapes a label value for the text between its quotes.
fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{MetricRegistry, escape};
    use crate::agent::metrics::table::{AWS_CALLS, PULL_WAIT};

    #[test]
    fn a_bucket_includes_its_upper_bound() {
        let registry = MetricRegistry::default();
        for milliseconds in [100, 101, 7_200_000] {
            registry.observe(&PULL_WAIT, &[], Duration::from_millis(milliseconds));
        }
        let text = registry.render();
        for line in [
            r#"taskpull_pull_wait_seconds_bucket{le="0.1"} 1"#,
            r#"taskpull_pull_wait_seconds_bucket{le="0.25"} 2"#,
            r#"taskpull_pull_wait_seconds_bucket{le="3600"} 2"#,
            r#"taskpull_pull_wait_seconds_bucket{le="+Inf"} 3"#,
            "taskpull_pull_wait_seconds_sum 7200.201",
            "taskpull_pull_wait_seconds_count 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }

    #[test]
    fn each_combination_of_labels_is_counted_separately() {
        let registry = MetricRegistry::default();
        registry.add(&AWS_CALLS, &["AssumeRole", "answered"], 1);
        registry.add(&AWS_CALLS, &["AssumeRole", "denied"], 2);
        registry.add(&AWS_CALLS, &["AssumeRole", "answered"], 1);
        let text = registry.render();
        assert!(text.contains("taskpull_aws_calls_total{operation=\"AssumeRole\",result=\"answered\"} 2\n"), "{text}");
        assert!(text.contains("taskpull_aws_calls_total{operation=\"AssumeRole\",result=\"denied\"} 2\n"), "{text}");
    }

    proptest! {
        #[test]
        fn an_escaped_label_is_one_line_and_is_read_back_unchanged(value in any::<String>()) {
            let escaped = escape(&value);
            prop_assert!(!escaped.contains('\n'));
            let (mut read, mut characters) = (String::new(), escaped.chars());
            while let Some(character) = characters.next() {
                prop_assert_ne!(character, '"', "the value ends early");
                match character {
                    '\\' => read.push(match characters.next().unwrap() { 'n' => '\n', other => other }),
                    other => read.push(other),
                }
            }
            prop_assert_eq!(read, value);
        }
    }
}
