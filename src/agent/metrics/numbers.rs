//! The numbers behind the table, and the text in which Prometheus reads them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::table::{Kind, METRICS, Metric};

/// The values of a metric's labels.
type Labels = Vec<String>;

/// What was counted so far, by the metric's name, each in the order of its labels: these are
/// looked for as they come, so that only new ones are copied.
#[derive(Debug, Default)]
pub(super) struct Numbers(Mutex<BTreeMap<&'static str, Vec<(Labels, Number)>>>);

#[derive(Debug, Default)]
struct Number {
    /// A counter's or a gauge's value; a histogram's sum.
    value: f64,
    /// A histogram's observations: in each of its buckets, and last those beyond.
    buckets: Vec<u64>,
}

impl Numbers {
    /// Counts so many more.
    pub(super) fn add(&self, metric: &'static Metric, labels: &[&str], more: u64) {
        // Beyond 2^53 a float loses ones: of bytes, after nine petabytes.
        #[expect(clippy::cast_precision_loss, reason = "nobody counts so far")]
        let more = more as f64;
        self.at(metric, labels, |number| number.value += more);
    }

    /// It stands there now.
    pub(super) fn set(&self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.at(metric, labels, |number| number.value = value);
    }

    /// One took so long.
    pub(super) fn observe(&self, metric: &'static Metric, labels: &[&str], took: Duration) {
        let Kind::Histogram(bounds) = metric.kind else { return };
        let seconds = took.as_secs_f64();
        self.at(metric, labels, |number| {
            number.buckets.resize(bounds.len() + 1, 0);
            number.buckets[bounds.iter().take_while(|bound| seconds > **bound).count()] += 1;
            number.value += seconds;
        });
    }

    fn at(&self, metric: &'static Metric, labels: &[&str], change: impl FnOnce(&mut Number)) {
        debug_assert_eq!(metric.labels.len(), labels.len(), "{}", metric.name);
        let mut numbers = self.lock();
        let of_metric = numbers.entry(metric.name).or_default();
        let found = of_metric.binary_search_by(|(of, _)| of.iter().map(String::as_str).cmp(labels.iter().copied()));
        let at = found.unwrap_or_else(|at| {
            of_metric.insert(at, (labels.iter().map(ToString::to_string).collect(), Number::default()));
            at
        });
        change(&mut of_metric[at].1);
    }

    /// All of them, in Prometheus' text format (version 0.0.4).
    pub(super) fn text(&self) -> String {
        let numbers = self.lock();
        let mut text = String::new();
        for metric in METRICS {
            let Metric { name, kind, help, .. } = metric;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# HELP {name} {}", help.replace('\\', r"\\"));
            let _ = writeln!(text, "# TYPE {name} {}", kind.word());
            for (labels, number) in numbers.get(name).into_iter().flatten() {
                number.write(&mut text, metric, labels);
            }
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Vec<(Labels, Number)>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Number {
    fn write(&self, text: &mut String, metric: &Metric, values: &Labels) {
        let labels: Vec<_> =
            metric.labels.iter().zip(values).map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let braces = |labels: &[String]| match labels {
            [] => String::new(),
            labels => format!("{{{}}}", labels.join(",")),
        };
        let Self { value, buckets } = self;
        let (name, own) = (metric.name, braces(&labels));
        let Kind::Histogram(bounds) = metric.kind else {
            let _ = writeln!(text, "{name}{own} {value}");
            return;
        };
        let bounds = bounds.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        let mut count = 0;
        for (bound, more) in bounds.zip(buckets) {
            count += more;
            let of_bucket = braces(&[&labels[..], &[format!("le=\"{bound}\"")]].concat());
            let _ = writeln!(text, "{name}_bucket{of_bucket} {count}");
        }
        let _ = writeln!(text, "{name}_sum{own} {value}");
        let _ = writeln!(text, "{name}_count{own} {count}");
    }
}

/// As it stands between the quotes of a label.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Numbers;
    use crate::agent::metrics::table::{CALLS, WAIT_SECONDS};

    #[test]
    fn a_bucket_holds_what_is_at_most_its_bound() {
        let numbers = Numbers::default();
        for milliseconds in [100, 101, 7_200_000] {
            numbers.observe(&WAIT_SECONDS, &[], Duration::from_millis(milliseconds));
        }
        let text = numbers.text();
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
    fn each_choice_of_labels_is_a_number_of_its_own() {
        let numbers = Numbers::default();
        numbers.add(&CALLS, &["AssumeRole", "answered"], 1);
        numbers.add(&CALLS, &["AssumeRole", "denied"], 2);
        numbers.add(&CALLS, &["AssumeRole", "answered"], 1);
        let text = numbers.text();
        assert!(text.contains("taskpull_aws_calls_total{operation=\"AssumeRole\",result=\"answered\"} 2\n"), "{text}");
        assert!(text.contains("taskpull_aws_calls_total{operation=\"AssumeRole\",result=\"denied\"} 2\n"), "{text}");
    }
}
