//! An ECS cluster, whose images are to be here before its tasks are.
//!
//! The cluster is the truth, and so nothing of it is kept on disk. It is looked at on a
//! schedule; a definition that was not there before is pulled at once, all of them again after
//! a while, because a tag moves. What ECS does not answer changes nothing: what was warm stays.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, Standing};
use super::request::{Origin, RequestId, Submission};
use super::schedule;
use crate::cluster::{Definition, Instance, Workload};
use crate::error::{Failure, Printable};
use crate::pipeline::Backoff;
use crate::task::{Platform, TaskDefinition, essence};

/// The waits after ECS did not answer; the interval bounds them too.
const WAITS: Backoff = match Backoff::new(Duration::from_secs(5), Duration::from_mins(5), 1) {
    Ok(backoff) => backoff,
    Err(_) => panic!("the waits are in order"),
};

/// A cluster, as its owner tells of it. The real one asks ECS.
pub trait Cluster: Send + Sync {
    /// How the log calls it.
    fn name(&self) -> String;

    /// What runs in it, or may at any time.
    fn workloads(&self) -> BoxFuture<'_, Result<Vec<Workload>, Failure>>;

    /// A revision of a task definition, which never changes.
    fn definition<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<Definition, Failure>>;

    /// This instance of it.
    fn instance(&self) -> BoxFuture<'_, Result<Instance, Failure>>;
}

/// A cluster to be kept warm, and how often it is looked at.
#[derive(Clone, Copy)]
pub struct Warming<'a> {
    /// Which.
    pub cluster: &'a dyn Cluster,
    /// How often it is looked at.
    pub interval: Duration,
    /// How often a definition's images are pulled again; `None` is never.
    pub pull_interval: Option<Duration>,
}

/// Keeps the images of a cluster's workloads on this host.
pub(super) struct Warm<'a> {
    desk: &'a Desk,
    warming: Warming<'a>,
    /// The definitions that may be placed here, by ARN.
    known: BTreeMap<String, Known>,
    said: Option<Failure>,
}

/// A definition that is known.
enum Known {
    /// Its images are kept here.
    Wanted { essence: String, run: RequestId, due: Option<Instant> },
    /// Its tasks cannot be placed here.
    Elsewhere,
}

impl<'a> Warm<'a> {
    pub(super) fn new(desk: &'a Desk, warming: Warming<'a>) -> Self {
        Self { desk, warming, known: BTreeMap::new(), said: None }
    }

    /// Keeps it warm until the agent is to end.
    pub(super) async fn run(mut self, drain: &CancellationToken) {
        drain.run_until_cancelled(self.attend()).await;
    }

    async fn attend(&mut self) {
        let mut failures = 0;
        loop {
            let after = match self.look().await {
                Ok(()) => {
                    (failures, self.said) = (0, None);
                    self.warming.interval
                }
                Err(failure) => {
                    failures += 1;
                    self.complain(failure);
                    WAITS.bound(failures).min(self.warming.interval)
                }
            };
            let next = schedule::next(Instant::now(), after, fastrand::f64());
            sleep_until(next).await;
        }
    }

    /// Looks at the cluster, and does what follows.
    async fn look(&mut self) -> Result<(), Failure> {
        let Warming { cluster, .. } = self.warming;
        let instance = cluster.instance().await?;
        let wanted = instance.definitions(&cluster.workloads().await?);
        let gone: Vec<_> = self.known.keys().filter(|arn| !wanted.contains(*arn)).cloned().collect();
        for arn in &gone {
            if let Some(Known::Wanted { run, .. }) = self.known.remove(arn) {
                self.desk.withdraw(&run);
            }
        }
        let mut new = 0;
        for arn in wanted {
            match self.known.get(&arn) {
                Some(Known::Wanted { due, .. }) if due.is_some_and(|due| due <= Instant::now()) => self.again(&arn),
                Some(_) => {}
                None => {
                    let definition = cluster.definition(&arn).await?;
                    new += 1;
                    let known = self.known(&arn, &instance, &definition);
                    self.known.insert(arn, known);
                }
            }
        }
        if new > 0 || !gone.is_empty() {
            let (cluster, definitions) = (cluster.name(), self.known.len());
            tracing::info!(%cluster, definitions, new, gone = gone.len(), "the cluster was looked at");
        }
        Ok(())
    }

    /// Has a definition carried out that was not known before, if its tasks may come here.
    fn known(&self, arn: &str, instance: &Instance, definition: &Definition) -> Known {
        let may_be_member = definition.member_of.iter().all(|expression| instance.may_be_member_of(expression));
        let essence = essence(definition.json.as_bytes()).filter(|_| may_be_member && runs_here(arn, definition));
        essence.map_or(Known::Elsewhere, |essence| {
            let run = self.desk.place(submission(arn, &essence));
            Known::Wanted { essence, run, due: self.due() }
        })
    }

    /// Has it carried out once more, unless that is still being tried.
    fn again(&mut self, arn: &str) {
        let next = self.due();
        let Some(Known::Wanted { essence, run, due }) = self.known.get_mut(arn) else { return };
        *due = next;
        let is_open = |id| self.desk.show(id).is_ok_and(|view| matches!(view.standing, Standing::Open(_)));
        if !is_open(run) {
            self.desk.withdraw(run);
            *run = self.desk.place(submission(arn, essence));
        }
    }

    fn due(&self) -> Option<Instant> {
        self.warming.pull_interval.map(|interval| schedule::next(Instant::now(), interval, fastrand::f64()))
    }

    /// Says why the cluster could not be looked at; once, for as long as it is the same.
    fn complain(&mut self, failure: Failure) {
        if self.said.as_ref() != Some(&failure) {
            let (cluster, hint) = (self.warming.cluster.name(), failure.hint.as_ref().map(Printable::as_str));
            tracing::warn!(%cluster, failure = %failure.message, hint, "what is warm stays, nothing new is pulled");
            self.said = Some(failure);
        }
    }
}

/// Whether a definition is for hosts like this one, as far as it says.
fn runs_here(arn: &str, definition: &Definition) -> bool {
    match TaskDefinition::parse(arn, definition.json.as_bytes()).map(|task| task.platform) {
        Ok(Ok(Some(wanted))) => Platform::of_this_host().is_none_or(|host| wanted.is_met_by(&host)),
        // What is wrong with it is told when it is carried out.
        _ => true,
    }
}

fn submission(arn: &str, essence: &str) -> Submission {
    Submission { source: Printable::new(arn), definition: essence.to_owned(), key: None, by: Origin::Cluster }
}

#[cfg(feature = "ecs")]
impl Cluster for crate::pipeline::EcsCluster {
    fn name(&self) -> String {
        self.name().to_owned()
    }

    fn workloads(&self) -> BoxFuture<'_, Result<Vec<Workload>, Failure>> {
        self.workloads()
    }

    fn definition<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<Definition, Failure>> {
        self.definition(arn)
    }

    fn instance(&self) -> BoxFuture<'_, Result<Instance, Failure>> {
        self.instance()
    }
}
