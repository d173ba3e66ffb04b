//! The prefetcher: scans of the cluster, and the state of each task definition.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::cluster_api::ClusterPrefetchSettings;
use crate::agent::job::{JobSource, Submission};
use crate::agent::job_id::JobId;
use crate::agent::job_store::JobStore;
use crate::agent::prefetch::jitter;
use crate::cluster::{Attributes, ClusterDefinition, ContainerInstance};
use crate::error::{Class, Failure, Printable};
use crate::retry::Backoff;
use crate::task::{Platform, TaskDefinition, minimal_definition};
use crate::traces;

/// The delays between scans that fail. The scan interval limits them too.
const SCAN_BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(5), Duration::from_mins(5));

/// Prefetches the images of a cluster's workloads.
pub(in crate::agent) struct ClusterPrefetcher<'a> {
    job_store: &'a JobStore,
    settings: ClusterPrefetchSettings<'a>,
    /// The definitions that the cluster runs on instances like this one, by ARN.
    known: BTreeMap<String, KnownDefinition>,
    /// The attributes of this instance at the last scan, which decided about the placement.
    attributes: Option<Attributes>,
    /// The error that was logged last, while the cluster cannot be read.
    logged_error: Option<Printable>,
}

enum KnownDefinition {
    /// Its images are prefetched.
    Prefetched { minimal_json: String, job: JobId, due: Option<Instant> },
    /// Its tasks cannot be placed on this instance.
    NotPlaceable,
    /// ECS did not return it. Every scan asks for it again.
    Unreadable { error: Printable },
}

/// The result of asking ECS for new definitions: how many it returned before an error, if any.
struct FetchSummary {
    new: usize,
    outcome: Result<(), Failure>,
}

impl<'a> ClusterPrefetcher<'a> {
    pub(in crate::agent) fn new(job_store: &'a JobStore, settings: ClusterPrefetchSettings<'a>) -> Self {
        Self { job_store, settings, known: BTreeMap::new(), attributes: None, logged_error: None }
    }

    /// Prefetches until `drain` is cancelled.
    pub(in crate::agent) async fn run(&mut self, drain: &CancellationToken) {
        drain.run_until_cancelled(self.run_forever()).await;
    }

    async fn run_forever(&mut self) {
        let (mut failures, mut next_scan) = (0, Instant::now());
        loop {
            // Independent of ECS: tags move during an outage too.
            self.pull_due_definitions();
            sleep_until(self.next_pull().into_iter().fold(next_scan, Instant::min)).await;
            if next_scan > Instant::now() {
                continue;
            }
            let delay = match self.scan().instrument(traces::cluster_span()).await {
                Ok(()) => {
                    failures = 0;
                    self.log_recovery();
                    self.settings.interval
                }
                Err(failure) => {
                    failures += 1;
                    self.log_failure(&failure);
                    SCAN_BACKOFF.max_delay(failures).min(self.settings.interval)
                }
            };
            next_scan = jitter::next_due(delay);
        }
    }

    /// Reads the cluster once. After an error, the definitions that were read before it stay in use.
    async fn scan(&mut self) -> Result<(), Failure> {
        let cluster = self.settings.cluster;
        let instance = cluster.instance().await?;
        let definitions = instance.definitions(&cluster.workloads().await?);
        let removed = self.remove_all_except(&definitions);
        if self.attributes != instance.attributes {
            self.known.retain(|_, known| !matches!(known, KnownDefinition::NotPlaceable));
            self.attributes.clone_from(&instance.attributes);
        }
        let FetchSummary { new, outcome } = self.fetch_new(&definitions, &instance).await;
        if new > 0 || removed > 0 {
            let is_prefetched = |known: &&KnownDefinition| matches!(known, KnownDefinition::Prefetched { .. });
            let (definitions, prefetched) = (definitions.len(), self.known.values().filter(is_prefetched).count());
            tracing::info!(cluster = %cluster.name(), definitions, prefetched, new, removed, "cluster scanned");
        }
        outcome
    }

    /// Asks ECS for the definitions that are not known yet.
    async fn fetch_new(&mut self, definitions: &BTreeSet<String>, instance: &ContainerInstance) -> FetchSummary {
        let is_read = |known: &KnownDefinition| !matches!(known, KnownDefinition::Unreadable { .. });
        let mut unknown: Vec<_> = definitions.iter().filter(|arn| !self.known.get(*arn).is_some_and(is_read)).collect();
        // In random order, so that one definition without an answer does not block the others forever.
        fastrand::shuffle(&mut unknown);
        let mut new = 0;
        for arn in unknown {
            match self.settings.cluster.definition(arn).await {
                Ok(definition) => {
                    new += 1;
                    let known = self.place(arn, instance, &definition);
                    self.known.insert(arn.clone(), known);
                }
                // Neither an outage nor a denial: only this definition is affected.
                Err(failure) if failure.class == Class::Unknown => self.set_unreadable(arn, &failure),
                Err(failure) => return FetchSummary { new, outcome: Err(failure) },
            }
        }
        FetchSummary { new, outcome: Ok(()) }
    }

    /// Removes the definitions that the cluster does not run any more, and returns their number.
    fn remove_all_except(&mut self, definitions: &BTreeSet<String>) -> usize {
        let removed: Vec<_> = self.known.extract_if(.., |arn, _| !definitions.contains(arn)).collect();
        for (_, known) in &removed {
            if let KnownDefinition::Prefetched { job, .. } = known {
                self.job_store.remove_managed_job(job);
            }
        }
        removed.len()
    }

    /// Starts to prefetch a new definition, if its tasks may be placed on this instance.
    fn place(&self, arn: &str, instance: &ContainerInstance, definition: &ClusterDefinition) -> KnownDefinition {
        let is_placeable = definition.member_of.iter().all(|expression| instance.may_satisfy(expression))
            && supports_this_host(arn, definition);
        let Some(minimal_json) = minimal_definition(definition.json.as_bytes()).filter(|_| is_placeable) else {
            return KnownDefinition::NotPlaceable;
        };
        let job = self.job_store.add_managed_job(submission(arn, &minimal_json));
        KnownDefinition::Prefetched { minimal_json, job, due: self.settings.pull_interval.map(jitter::next_due) }
    }

    /// Records that ECS did not return a definition, and logs it unless the error is the same as before.
    fn set_unreadable(&mut self, arn: &str, failure: &Failure) {
        let error = &failure.message;
        let known = self.known.insert(arn.to_owned(), KnownDefinition::Unreadable { error: error.clone() });
        if !matches!(known, Some(KnownDefinition::Unreadable { error: logged }) if logged == *error) {
            let cause = cause(failure);
            tracing::warn!(arn, %error, cause, "task definition could not be read; its images are not prefetched");
        }
    }

    /// When the next definition is due to be pulled again.
    fn next_pull(&self) -> Option<Instant> {
        let due =
            |known: &KnownDefinition| if let KnownDefinition::Prefetched { due, .. } = known { *due } else { None };
        self.known.values().filter_map(due).min()
    }

    /// Pulls the definitions again that are due, unless their last job has not ended.
    fn pull_due_definitions(&mut self) {
        let Self { job_store, settings, known, .. } = self;
        let now = Instant::now();
        for (arn, known) in known {
            if let KnownDefinition::Prefetched { minimal_json, job, due } = known
                && due.is_some_and(|due| due <= now)
            {
                *due = settings.pull_interval.map(jitter::next_due);
                if job_store.active_job(job).is_none() {
                    job_store.remove_managed_job(job);
                    *job = job_store.add_managed_job(submission(arn, minimal_json));
                }
            }
        }
    }

    /// Logs why the cluster could not be read, once for as long as the error stays the same. The
    /// cause is not compared, because it contains the id of the request to AWS.
    fn log_failure(&mut self, failure: &Failure) {
        if self.logged_error.as_ref() != Some(&failure.message) {
            let (cluster, error, cause) = (self.settings.cluster.name(), &failure.message, cause(failure));
            let hint = failure.hint.as_ref().map(Printable::as_str);
            tracing::warn!(%cluster, %error, cause, hint, "cluster could not be read; its known definitions stay in use");
            self.logged_error = Some(error.clone());
        }
    }

    fn log_recovery(&mut self) {
        if self.logged_error.take().is_some() {
            tracing::info!(cluster = %self.settings.cluster.name(), "cluster can be read again");
        }
    }
}

/// The messages of ECS itself, with the id of the request.
fn cause(failure: &Failure) -> Option<String> {
    let causes: Vec<_> = failure.caused_by.iter().map(Printable::as_str).collect();
    (!causes.is_empty()).then(|| causes.join(": "))
}

/// Whether the platform of a definition, if it names one, is that of this host.
fn supports_this_host(arn: &str, definition: &ClusterDefinition) -> bool {
    match TaskDefinition::parse(arn, definition.json.as_bytes()).map(|task| task.platform) {
        Ok(Ok(Some(platform))) => Platform::host().is_none_or(|host| platform.is_satisfied_by(&host)),
        // The job of an invalid definition reports what is wrong with it.
        _ => true,
    }
}

fn submission(arn: &str, minimal_json: &str) -> Submission {
    let (source, definition) = (Printable::new(arn), minimal_json.to_owned());
    Submission { source, definition, key: None, submitted_by: JobSource::Cluster }
}
