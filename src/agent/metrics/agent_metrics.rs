//! The metrics of one agent: observes its events and counts them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::Value;

use super::registry::MetricRegistry;
use super::table;
use crate::agent::{AccessDecision, AgentObserver, CredentialIssued, Job, JobCounts, JobResult, JobStore};
use crate::aws::{AwsCallEvent, CallObserver};
use crate::credential::{CredentialKind, CredentialObserver, CredentialOrigin, ProvidedCredential};
use crate::pull::{ProgressObserver, PullState};
use crate::report::{ContainerReport, ContainerResult, Report};

/// Media type of the text that [`AgentMetrics::render`] returns.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of one agent.
#[derive(Debug)]
pub struct AgentMetrics(MetricRegistry);

impl Default for AgentMetrics {
    /// Creates the metrics of an agent that starts now. Counters that alerts watch start at zero:
    /// if a series began with its first event, `increase()` would miss that event.
    fn default() -> Self {
        let registry = MetricRegistry::default();
        registry.set(&table::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1.0);
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        registry.set(&table::START_TIME, &[], started.as_secs_f64());
        for ending in [JobResult::Succeeded, JobResult::Failed, JobResult::Cancelled] {
            registry.add(&table::REQUESTS, &[&serialized(&ending)], 0);
        }
        for kind in [CredentialKind::Secret, CredentialKind::Token] {
            for source in [CredentialOrigin::Fetch, CredentialOrigin::Cache, CredentialOrigin::StaleCache] {
                registry.add(&table::CREDENTIALS_SERVED, &[credential_label(kind), source_label(source)], 0);
            }
        }
        registry.add(&table::DOWNLOADED_BYTES, &[], 0);
        registry.add(&table::AUDIT_LINES, &["written"], 0);
        registry.add(&table::AUDIT_LINES, &["lost"], 0);
        registry.add(&table::PANICS, &[], 0);
        Self(registry)
    }
}

impl AgentMetrics {
    /// Counts one panic of the process (`taskpull_panics_total`).
    pub(in crate::agent) fn record_panic(&self) {
        self.0.add(&table::PANICS, &[], 1);
    }

    /// Renders all metrics, with the number of requests that are open now. Managed jobs are not
    /// counted, because they have no limit.
    #[must_use]
    pub fn render(&self, job_store: &JobStore) -> String {
        let JobCounts { queued, running, waiting_for_engine, waiting_for_retry } =
            job_store.count(|origin| !origin.is_managed());
        let (waiting, limit) = (waiting_for_engine + waiting_for_retry, job_store.limits().open);
        for (phase, count) in [("queued", queued), ("running", running), ("waiting", waiting)] {
            self.0.set(&table::REQUESTS_OPEN, &[phase], to_float(count));
        }
        self.0.set(&table::REQUESTS_OPEN_LIMIT, &[], to_float(limit));
        self.render_counted()
    }

    /// Renders all metrics without reading the job store.
    pub(in crate::agent) fn render_counted(&self) -> String {
        self.0.render()
    }

    /// Counts a line of the audit log that was written or lost.
    pub(in crate::agent) fn count_audit_line(&self, is_written: bool) {
        self.0.add(&table::AUDIT_LINES, &[if is_written { "written" } else { "lost" }], 1);
    }

    pub(super) fn count_downloaded(&self, bytes: u64) {
        self.0.add(&table::DOWNLOADED_BYTES, &[], bytes);
    }

    fn count_pull(&self, container: &ContainerReport) {
        let result = serialized(&container.result);
        let class = container.failure.as_ref().map(|failure| serialized(&failure.class)).unwrap_or_default();
        self.0.add(&table::PULLS, &[&result, &class], 1);
        if let (ContainerResult::Failed, Some(failure)) = (container.result, &container.failure) {
            self.0.add(&table::PULL_FAILURES, &[&serialized(&failure.link), &class], 1);
        }
        for retry in &container.retries {
            self.0.add(&table::PULL_RETRIES, &[&serialized(&retry.error.class)], 1);
        }
        if let Some(duration) = container.duration_ms {
            self.0.observe(&table::PULL_DURATION, &[&result], Duration::from_millis(duration));
        }
        if let Some(waited) = container.waited_ms {
            self.0.observe(&table::PULL_WAIT, &[], Duration::from_millis(waited));
        }
    }
}

impl AgentObserver for AgentMetrics {
    fn job_ended(&self, job: &Job, result: JobResult, report: &Report) {
        let ending = result.as_str();
        self.0.add(&table::REQUESTS, &[ending], 1);
        self.0.observe(&table::REQUEST_DURATION, &[ending], job.accepted.elapsed());
        // Containers that share a pull repeat its result in the report.
        let mut counted = HashSet::new();
        for container in report.tasks.iter().flat_map(|task| &task.containers) {
            if counted.insert((&container.image, &container.credential, &container.wanted_platform)) {
                self.count_pull(container);
            }
        }
    }

    fn access_decided(&self, AccessDecision { right, allowed, .. }: &AccessDecision<'_>) {
        self.0.add(&table::ACCESS_DECISIONS, &[right.as_str(), if *allowed { "allowed" } else { "refused" }], 1);
    }

    fn credential_issued(&self, CredentialIssued { provenance, .. }: &CredentialIssued<'_>) {
        self.0.add(&table::CREDENTIALS_ISSUED, &[provenance.kind()], 1);
    }
}

impl CallObserver for AgentMetrics {
    fn call_ended(&self, AwsCallEvent { call, outcome, duration }: &AwsCallEvent) {
        self.0.add(&table::AWS_CALLS, &[call.operation(), outcome.label()], 1);
        self.0.observe(&table::AWS_CALL_DURATION, &[call.operation()], *duration);
    }
}

impl CredentialObserver for AgentMetrics {
    fn credential_provided(&self, ProvidedCredential { kind, source, age }: &ProvidedCredential) {
        self.0.add(&table::CREDENTIALS_SERVED, &[credential_label(*kind), source_label(*source)], 1);
        self.0.observe(&table::CREDENTIAL_AGE, &[credential_label(*kind)], *age);
    }
}

fn credential_label(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Secret => "secret",
        CredentialKind::Token => "token",
    }
}

fn source_label(source: CredentialOrigin) -> &'static str {
    match source {
        CredentialOrigin::Fetch => "read",
        CredentialOrigin::Cache => "kept",
        CredentialOrigin::StaleCache => "stale",
    }
}

/// Returns the name of a unit variant, as it is in a report.
fn serialized(variant: &impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "no agent has 2^53 open requests")]
fn to_float(count: usize) -> f64 {
    count as f64
}

/// Counts downloaded bytes and forwards every update to another observer.
pub struct DownloadCounter<'a> {
    metrics: &'a AgentMetrics,
    observer: &'a dyn ProgressObserver,
    /// Bytes that were downloaded at the last update, by pull.
    last_bytes: Mutex<HashMap<usize, u64>>,
}

impl<'a> DownloadCounter<'a> {
    /// Creates a counter for the pulls of one plan.
    #[must_use]
    pub fn new(metrics: &'a AgentMetrics, observer: &'a dyn ProgressObserver) -> Self {
        Self { metrics, observer, last_bytes: Mutex::default() }
    }
}

impl ProgressObserver for DownloadCounter<'_> {
    fn update(&self, pull: usize, state: &PullState) {
        if let PullState::Pulling(layers) = state {
            let mut last_bytes = self.last_bytes.lock().unwrap_or_else(PoisonError::into_inner);
            let last = last_bytes.entry(pull).or_default();
            // A new attempt starts at zero.
            self.metrics.count_downloaded(layers.bytes.saturating_sub(*last));
            *last = layers.bytes;
        }
        self.observer.update(pull, state);
    }
}
