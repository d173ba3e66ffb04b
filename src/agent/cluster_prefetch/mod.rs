//! An ECS cluster, whose images are to be here before its tasks are.
//!
//! The cluster is the truth, and so nothing of it is kept on disk. It is looked at on a
//! schedule; a definition that was not there before is pulled at once, all of them again after
//! a while, because a tag moves. What ECS does not answer changes nothing: what was warm stays.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::jitter;
use super::job::{JobId, JobSource, Submission};
use super::job_store::{JobState, JobStore};
use crate::cluster::{Attributes, ClusterDefinition, ContainerInstance, Workload};
use crate::error::{Class, Failure, Printable};
use crate::pipeline::Backoff;
use crate::task::{Platform, TaskDefinition, minimal_definition};
use crate::traces;

/// The delays after ECS did not answer; the interval limits them too.
const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(5), Duration::from_mins(5));

/// A cluster, as its owner tells of it. The real one asks ECS.
pub trait ClusterApi: Send + Sync {
    /// How the log calls it.
    fn name(&self) -> String;

    /// What runs in it, or may at any time.
    fn workloads(&self) -> BoxFuture<'_, Result<Vec<Workload>, Failure>>;

    /// A revision of a task definition, which never changes.
    fn definition<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<ClusterDefinition, Failure>>;

    /// This instance of it.
    fn instance(&self) -> BoxFuture<'_, Result<ContainerInstance, Failure>>;
}

/// A cluster to be kept warm, and how often it is looked at.
#[derive(Clone, Copy)]
pub struct ClusterPrefetchSettings<'a> {
    /// Which.
    pub cluster: &'a dyn ClusterApi,
    /// How often it is looked at.
    pub interval: Duration,
    /// How often a definition's images are pulled again; `None` is never.
    pub pull_interval: Option<Duration>,
}

/// Keeps the images of a cluster's workloads on this host.
pub(super) struct ClusterPrefetcher<'a> {
    desk: &'a JobStore,
    warming: ClusterPrefetchSettings<'a>,
    /// The definitions that run in the cluster on hosts like this one, by ARN.
    known: BTreeMap<String, KnownDefinition>,
    /// What this instance was known by when those were told apart.
    attributes: Option<Attributes>,
    /// Why the cluster could not be looked at last.
    said: Option<Printable>,
}

/// A definition that was asked for.
enum KnownDefinition {
    /// Its images are kept here.
    Wanted { essence: String, run: JobId, due: Option<Instant> },
    /// Its tasks cannot be placed here.
    Elsewhere,
    /// ECS does not say what it is, and why; it is asked again at every look.
    Untold(Printable),
}

impl<'a> ClusterPrefetcher<'a> {
    pub(super) fn new(desk: &'a JobStore, warming: ClusterPrefetchSettings<'a>) -> Self {
        Self { desk, warming, known: BTreeMap::new(), attributes: None, said: None }
    }

    /// Keeps it warm until the agent is to end.
    pub(super) async fn run(mut self, drain: &CancellationToken) {
        drain.run_until_cancelled(self.attend()).await;
    }

    async fn attend(&mut self) {
        let (mut failures, mut look) = (0, Instant::now());
        loop {
            // Also while ECS does not answer: a tag moves all the same.
            self.pull_again();
            sleep_until(self.due().into_iter().fold(look, Instant::min)).await;
            if look > Instant::now() {
                continue;
            }
            let after = match self.look().instrument(traces::cluster_span()).await {
                Ok(()) => {
                    failures = 0;
                    self.well_again();
                    self.warming.interval
                }
                Err(failure) => {
                    failures += 1;
                    self.complain(&failure);
                    BACKOFF.max_delay(failures).min(self.warming.interval)
                }
            };
            look = jitter::next(Instant::now(), after, fastrand::f64());
        }
    }

    /// Looks at the cluster, and does what follows. A failure is the cluster's; what was
    /// learned before it stays.
    async fn look(&mut self) -> Result<(), Failure> {
        let ClusterPrefetchSettings { cluster, .. } = self.warming;
        let instance = cluster.instance().await?;
        let wanted = instance.definitions(&cluster.workloads().await?);
        let gone = self.forget_all_but(&wanted);
        if self.attributes != instance.attributes {
            self.known.retain(|_, known| !matches!(known, KnownDefinition::Elsewhere));
            self.attributes.clone_from(&instance.attributes);
        }
        let (new, outcome) = self.learn(&wanted, &instance).await;
        if new > 0 || gone > 0 {
            let here = self.known.values().filter(|known| matches!(known, KnownDefinition::Wanted { .. })).count();
            let (cluster, definitions) = (cluster.name(), wanted.len());
            tracing::info!(%cluster, definitions, here, new, gone, "the cluster was looked at");
        }
        outcome
    }

    /// Asks for the definitions that are not known yet; gives how many were told.
    async fn learn(&mut self, wanted: &BTreeSet<String>, instance: &ContainerInstance) -> (usize, Result<(), Failure>) {
        let is_told = |known: &KnownDefinition| !matches!(known, KnownDefinition::Untold(_));
        let mut unknown: Vec<_> = wanted.iter().filter(|arn| !self.known.get(*arn).is_some_and(is_told)).collect();
        // In another order each time: one that is never answered keeps no other from being asked for.
        fastrand::shuffle(&mut unknown);
        let mut new = 0;
        for arn in unknown {
            match self.warming.cluster.definition(arn).await {
                Ok(definition) => {
                    new += 1;
                    let known = self.told(arn, instance, &definition);
                    self.known.insert(arn.clone(), known);
                }
                // No outage and no denial: it is about this definition.
                Err(failure) if failure.class == Class::Unknown => self.not_told(arn, &failure),
                Err(failure) => return (new, Err(failure)),
            }
        }
        (new, Ok(()))
    }

    /// What nobody wants any more is not pulled again. Its images stay.
    fn forget_all_but(&mut self, wanted: &BTreeSet<String>) -> usize {
        let gone: Vec<_> = self.known.extract_if(.., |arn, _| !wanted.contains(arn)).collect();
        for (_, known) in &gone {
            if let KnownDefinition::Wanted { run, .. } = known {
                self.desk.remove_managed_job(run);
            }
        }
        gone.len()
    }

    /// Has a definition carried out that was not known before, if its tasks may come here.
    fn told(&self, arn: &str, instance: &ContainerInstance, definition: &ClusterDefinition) -> KnownDefinition {
        let may_be_member = definition.member_of.iter().all(|expression| instance.may_satisfy(expression));
        let essence =
            minimal_definition(definition.json.as_bytes()).filter(|_| may_be_member && runs_here(arn, definition));
        essence.map_or(KnownDefinition::Elsewhere, |essence| {
            let run = self.desk.add_managed_job(submission(arn, &essence));
            KnownDefinition::Wanted { essence, run, due: next(self.warming.pull_interval) }
        })
    }

    /// ECS has no such definition, or will not tell it: said once, and costs no other.
    fn not_told(&mut self, definition: &str, failure: &Failure) {
        let known = self.known.insert(definition.to_owned(), KnownDefinition::Untold(failure.message.clone()));
        if !known.is_some_and(|known| matches!(known, KnownDefinition::Untold(said) if said == failure.message)) {
            let because = because(failure);
            tracing::warn!(definition, failure = %failure.message, because, "its images are not kept here");
        }
    }

    /// When the next one is to be pulled again.
    fn due(&self) -> Option<Instant> {
        let dues = self
            .known
            .values()
            .filter_map(|known| if let KnownDefinition::Wanted { due, .. } = known { *due } else { None });
        dues.min()
    }

    /// Pulls those again whose time it is, unless they are still being tried.
    fn pull_again(&mut self) {
        let Self { desk, warming, known, .. } = self;
        let now = Instant::now();
        for (arn, known) in known {
            if let KnownDefinition::Wanted { essence, run, due } = known
                && due.is_some_and(|due| due <= now)
            {
                *due = next(warming.pull_interval);
                if !desk.show(run).is_ok_and(|view| matches!(view.standing, JobState::Open(_))) {
                    desk.remove_managed_job(run);
                    *run = desk.add_managed_job(submission(arn, essence));
                }
            }
        }
    }

    /// Says why the cluster could not be looked at; once, for as long as it is the same. The
    /// request's id is another each time.
    fn complain(&mut self, failure: &Failure) {
        if self.said.as_ref() != Some(&failure.message) {
            let (cluster, because) = (self.warming.cluster.name(), because(failure));
            let hint = failure.hint.as_ref().map(Printable::as_str);
            tracing::warn!(%cluster, failure = %failure.message, because, hint, "what is warm stays, nothing new is pulled");
            self.said = Some(failure.message.clone());
        }
    }

    fn well_again(&mut self) {
        if self.said.take().is_some() {
            tracing::info!(cluster = %self.warming.cluster.name(), "the cluster is looked at again");
        }
    }
}

/// The service's own words, with the id of the request.
fn because(failure: &Failure) -> Option<String> {
    let words: Vec<_> = failure.caused_by.iter().map(Printable::as_str).collect();
    (!words.is_empty()).then(|| words.join(": "))
}

/// When something is pulled again that is pulled now.
fn next(pull_interval: Option<Duration>) -> Option<Instant> {
    pull_interval.map(|interval| jitter::next(Instant::now(), interval, fastrand::f64()))
}

/// Whether a definition is for hosts like this one, as far as it says.
fn runs_here(arn: &str, definition: &ClusterDefinition) -> bool {
    match TaskDefinition::parse(arn, definition.json.as_bytes()).map(|task| task.platform) {
        Ok(Ok(Some(wanted))) => Platform::host().is_none_or(|host| wanted.is_satisfied_by(&host)),
        // What is wrong with it is told when it is carried out.
        _ => true,
    }
}

fn submission(arn: &str, essence: &str) -> Submission {
    Submission {
        source: Printable::new(arn),
        definition: essence.to_owned(),
        key: None,
        submitted_by: JobSource::Cluster,
    }
}

#[cfg(feature = "ecs")]
impl ClusterApi for crate::pipeline::EcsCluster {
    fn name(&self) -> String {
        self.name().to_owned()
    }

    fn workloads(&self) -> BoxFuture<'_, Result<Vec<Workload>, Failure>> {
        self.workloads()
    }

    fn definition<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<ClusterDefinition, Failure>> {
        self.definition(arn)
    }

    fn instance(&self) -> BoxFuture<'_, Result<ContainerInstance, Failure>> {
        self.instance()
    }
}

#[cfg(test)]
mod tests;
