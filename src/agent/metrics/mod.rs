//! Metrics: what the agent does, in numbers, for Prometheus.
//!
//! One table says which there are ([`table`]); every label has a few words to choose from.
//! What pulls come to is read off their reports, what AWS says is told by the credentials'
//! room, and how much is open is asked of the desk when somebody reads. Nothing here is a
//! secret or names an image. Whoever wants the text calls [`Metrics::render`].

mod downloads;
mod listener;
mod numbers;
pub mod table;

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::Value;

pub use downloads::Downloads;
pub use listener::{Listener, ListenerError};

use super::job::{Job, JobResult};
use super::job_store::JobCounts;
use super::job_store::JobStore;
use super::observer::{AccessDecision, AgentObserver, CredentialIssued};
use crate::pipeline::{AwsCallEvent, CallObserver, CredentialKind, CredentialObserver, CredentialServed, ServedFrom};
use crate::report::{ContainerReport, ContainerResult, Report};
use numbers::Numbers;

/// The content type of what [`Metrics::render`] gives.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The numbers of one agent.
#[derive(Debug)]
pub struct Metrics(Numbers);

impl Default for Metrics {
    /// Those of an agent that starts now. What is watched for its first time is there from
    /// the start, or its first time would be no growth.
    fn default() -> Self {
        let numbers = Numbers::default();
        numbers.set(&table::BUILD, &[env!("CARGO_PKG_VERSION")], 1.0);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        numbers.set(&table::START, &[], since.as_secs_f64());
        for ending in [JobResult::Succeeded, JobResult::Failed, JobResult::Cancelled] {
            numbers.add(&table::REQUESTS, &[&word(&ending)], 0);
        }
        for what in [CredentialKind::Secret, CredentialKind::Token] {
            for from in [ServedFrom::Fetch, ServedFrom::Cache, ServedFrom::StaleCache] {
                numbers.add(&table::SERVED, &[word_of(what), word_from(from)], 0);
            }
        }
        numbers.add(&table::BYTES, &[], 0);
        numbers.add(&table::AUDIT, &["written"], 0);
        numbers.add(&table::AUDIT, &["lost"], 0);
        Self(numbers)
    }
}

impl Metrics {
    /// All of them as Prometheus reads them ([`CONTENT_TYPE`]), with what the desk has open now.
    #[must_use]
    pub fn render(&self, desk: &JobStore) -> String {
        let JobCounts { queued, running, waiting_for_engine, waiting_for_retry } = desk.count(|by| !by.is_managed());
        let (waiting, at_most) = (waiting_for_engine + waiting_for_retry, desk.limits().open);
        for (phase, count) in [("queued", queued), ("running", running), ("waiting", waiting)] {
            self.0.set(&table::OPEN, &[phase], float(count));
        }
        self.0.set(&table::OPEN_LIMIT, &[], float(at_most));
        self.text()
    }

    /// What was counted so far.
    pub(super) fn text(&self) -> String {
        self.0.text()
    }

    /// A line of the audit trail was written, or could not be.
    pub(super) fn audited(&self, is_written: bool) {
        self.0.add(&table::AUDIT, &[if is_written { "written" } else { "lost" }], 1);
    }

    /// The engine has downloaded so much more.
    fn downloaded(&self, bytes: u64) {
        self.0.add(&table::BYTES, &[], bytes);
    }

    fn pull(&self, container: &ContainerReport) {
        let result = word(&container.result);
        let class = container.failure.as_ref().map(|failure| word(&failure.class)).unwrap_or_default();
        self.0.add(&table::PULLS, &[&result, &class], 1);
        if let (ContainerResult::Failed, Some(failure)) = (container.result, &container.failure) {
            self.0.add(&table::FAILURES, &[&word(&failure.link), &class], 1);
        }
        for retry in &container.retries {
            self.0.add(&table::RETRIES, &[&word(&retry.because.class)], 1);
        }
        if let Some(duration) = container.duration_ms {
            self.0.observe(&table::PULL_SECONDS_OF, &[&result], Duration::from_millis(duration));
        }
        if let Some(waited) = container.waited_ms {
            self.0.observe(&table::WAIT_SECONDS, &[], Duration::from_millis(waited));
        }
    }
}

impl AgentObserver for Metrics {
    fn job_ended(&self, request: &Job, how: JobResult, report: &Report) {
        let ending = how.as_str();
        self.0.add(&table::REQUESTS, &[ending], 1);
        self.0.observe(&table::REQUEST_SECONDS, &[ending], request.accepted.elapsed());
        // Containers of one pull say the same of it.
        let mut known = HashSet::new();
        let containers = report.tasks.iter().flat_map(|task| &task.containers);
        for container in containers {
            if known.insert((&container.image, &container.credential, &container.wanted_platform)) {
                self.pull(container);
            }
        }
    }

    fn access_decided(&self, AccessDecision { right, allowed, .. }: &AccessDecision<'_>) {
        self.0.add(&table::ACCESS, &[right.word(), if *allowed { "allowed" } else { "refused" }], 1);
    }

    fn credential_issued(&self, CredentialIssued { provenance: origin, .. }: &CredentialIssued<'_>) {
        self.0.add(&table::GIVEN, &[origin.kind()], 1);
    }
}

impl CallObserver for Metrics {
    fn call_ended(&self, AwsCallEvent { call, outcome, duration }: &AwsCallEvent) {
        self.0.add(&table::CALLS, &[call.operation(), outcome.word()], 1);
        self.0.observe(&table::CALL_SECONDS_OF, &[call.operation()], *duration);
    }
}

impl CredentialObserver for Metrics {
    fn credential_served(&self, CredentialServed { kind, source, age }: &CredentialServed) {
        self.0.add(&table::SERVED, &[word_of(*kind), word_from(*source)], 1);
        self.0.observe(&table::AGE_SECONDS_OF, &[word_of(*kind)], *age);
    }
}

fn word_of(what: CredentialKind) -> &'static str {
    match what {
        CredentialKind::Secret => "secret",
        CredentialKind::Token => "token",
    }
}

fn word_from(source: ServedFrom) -> &'static str {
    match source {
        ServedFrom::Fetch => "read",
        ServedFrom::Cache => "kept",
        ServedFrom::StaleCache => "stale",
    }
}

/// The word for it in a report.
fn word(choice: &impl Serialize) -> String {
    match serde_json::to_value(choice) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody has so many open requests")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
