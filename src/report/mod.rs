//! What came of it: one [`Report`], for people ([`text`]) and for programs (its JSON).
//!
//! A report names things (images, digests, ARNs, version ids) and never holds a value of
//! a secret; nothing in this room could print one, because nothing here has one.

pub mod text;

use std::time::Duration;

use serde::Serialize;

use crate::error::{Class, Failure, Link, Printable};
use crate::plan::{Need, PlannedTask, PullPlan};
use crate::pull::{Origin, Outcome};

/// The result of one run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Raised when a field changes its meaning or goes.
    pub schema_version: u32,
    /// The tasks in the order they were given.
    pub tasks: Vec<TaskReport>,
    /// The inputs that were no task definitions.
    pub unread: Vec<Failure>,
    /// The containers in numbers.
    pub summary: Summary,
}

/// One task definition's part.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskReport {
    /// Where it was read.
    pub source: Printable,
    /// Its family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Printable>,
    /// What is allowed and probably not meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Its containers in order.
    pub containers: Vec<ContainerReport>,
}

/// One container's part.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerReport {
    /// Its name.
    pub name: String,
    /// Its image, in full where it is a reference.
    pub image: Printable,
    /// The image's registry; Docker Hub is `docker.io`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// How it ended.
    pub result: Ending,
    /// The image's digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Printable>,
    /// The credential that was used, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialReport>,
    /// Attempts made at the pull; containers of one pull say the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// From the pull's turn to its end, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Why the image is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// How it ended for a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The image was fetched.
    Pulled,
    /// The image was there already, and the registry said that it still is the one.
    UpToDate,
    /// The image is not there, or it is not known to be the right one.
    Failed,
    /// It was ended before it was done.
    Cancelled,
    /// `--dry-run`: nothing was asked.
    Planned,
}

/// Which credential served, never its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum CredentialReport {
    /// None was needed.
    Anonymous,
    /// A secret in Secrets Manager.
    Secret {
        /// Its ARN; in a plan, whatever the definition says.
        arn: Printable,
        /// The version that was read; a plan has not read any.
        #[serde(skip_serializing_if = "Option::is_none")]
        version_id: Option<Printable>,
        /// Its owner's account, where it is known without asking.
        #[serde(skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// Its Region, where it is known without asking.
        #[serde(skip_serializing_if = "Option::is_none")]
        region: Option<String>,
        /// Who reads it: `host`, or a role's ARN.
        identity: String,
    },
}

/// The containers of a report in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Containers whose image was fetched.
    pub pulled: usize,
    /// Containers whose image was up to date.
    pub up_to_date: usize,
    /// Containers whose image is not there.
    pub failed: usize,
    /// Containers whose pull was ended.
    pub cancelled: usize,
    /// Containers that were only planned.
    pub planned: usize,
    /// Inputs that were no task definitions.
    pub unread: usize,
    /// From start to end, in milliseconds.
    pub duration_ms: u64,
}

/// What the failures of a report have in common; it decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No failure.
    Good,
    /// Only the input was at fault.
    BadInput,
    /// The engine could not be reached.
    NoEngine,
    /// Somebody ended it.
    Cancelled,
    /// Anything else.
    SomeFailed,
}

impl Report {
    /// The report of a plan that was carried out; `outcomes` are those of its pulls.
    #[must_use]
    pub fn of_pulls(tasks: Vec<PlannedTask>, outcomes: &[Outcome], unread: Vec<Failure>, took: Duration) -> Self {
        Self::new(tasks, unread, took, |container, index| {
            let outcome = &outcomes[index];
            container.credential = outcome.origin.as_ref().map(CredentialReport::from);
            container.attempts = Some(outcome.attempts).filter(|attempts| *attempts > 0);
            container.duration_ms = container.attempts.map(|_| milliseconds(outcome.duration));
            match &outcome.result {
                Ok(pulled) => {
                    container.result = if pulled.fetched { Ending::Pulled } else { Ending::UpToDate };
                    container.digest = Some(Printable::new(&pulled.digest));
                }
                Err(failure) => container.fail(failure.clone()),
            }
        })
    }

    /// The report of a plan that was only made.
    #[must_use]
    pub fn of_plan(plan: PullPlan, unread: Vec<Failure>, took: Duration) -> Self {
        let PullPlan { tasks, pulls } = plan;
        Self::new(tasks, unread, took, |container, index| {
            container.credential = Some(CredentialReport::from(&pulls[index].need));
        })
    }

    fn new(
        tasks: Vec<PlannedTask>,
        unread: Vec<Failure>,
        took: Duration,
        fill: impl Fn(&mut ContainerReport, usize),
    ) -> Self {
        let mut summary = Summary { unread: unread.len(), duration_ms: milliseconds(took), ..Summary::default() };
        let tasks = tasks
            .into_iter()
            .map(|task| TaskReport {
                source: task.source,
                family: task.family,
                warnings: task
                    .warnings
                    .iter()
                    .map(|warning| format!("{}: {}", warning.container, warning.message))
                    .collect(),
                containers: task
                    .containers
                    .into_iter()
                    .map(|planned| {
                        let mut container = ContainerReport {
                            name: planned.name.to_string(),
                            image: planned.image,
                            registry: planned.registry,
                            result: Ending::Planned,
                            digest: None,
                            credential: None,
                            attempts: None,
                            duration_ms: None,
                            failure: None,
                        };
                        match planned.pull {
                            Ok(index) => fill(&mut container, index),
                            Err(failure) => container.fail(failure),
                        }
                        summary.count(container.result);
                        container
                    })
                    .collect(),
            })
            .collect();
        Self { schema_version: 1, tasks, unread, summary }
    }

    /// Every failure in it.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        let containers = self.tasks.iter().flat_map(|task| &task.containers);
        self.unread.iter().chain(containers.filter_map(|container| container.failure.as_ref()))
    }

    /// What the failures have in common.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        // What was cancelled because of a failure says nothing of its own.
        let causes = || self.failures().filter(|failure| failure.class != Class::Cancelled);
        if self.failures().next().is_none() {
            Verdict::Good
        } else if causes().next().is_none() {
            Verdict::Cancelled
        } else if causes().any(|failure| failure.class == Class::EngineGone) {
            Verdict::NoEngine
        } else if causes().all(|failure| failure.link == Link::Definition) {
            Verdict::BadInput
        } else {
            Verdict::SomeFailed
        }
    }
}

impl ContainerReport {
    fn fail(&mut self, failure: Failure) {
        self.result = if failure.class == Class::Cancelled { Ending::Cancelled } else { Ending::Failed };
        self.failure = Some(failure);
    }
}

impl Summary {
    fn count(&mut self, ending: Ending) {
        *match ending {
            Ending::Pulled => &mut self.pulled,
            Ending::UpToDate => &mut self.up_to_date,
            Ending::Failed => &mut self.failed,
            Ending::Cancelled => &mut self.cancelled,
            Ending::Planned => &mut self.planned,
        } += 1;
    }
}

impl From<&Origin> for CredentialReport {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Anonymous => Self::Anonymous,
            Origin::Secret { arn, version_id, identity } => Self::Secret {
                arn: arn.clone(),
                version_id: Some(version_id.clone()),
                account: None,
                region: None,
                identity: identity.name().to_owned(),
            },
        }
    }
}

impl From<&Need> for CredentialReport {
    fn from(need: &Need) -> Self {
        match need {
            Need::Anonymous => Self::Anonymous,
            Need::Secret { parameter, execution_role } => Self::Secret {
                arn: Printable::new(parameter.as_str()),
                version_id: None,
                account: parameter.account().map(str::to_owned),
                region: parameter.region().map(ToString::to_string),
                identity: execution_role.as_ref().map_or_else(|| "host".to_owned(), ToString::to_string),
            },
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
