//! The report of one run.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container_report::ContainerReport;
use super::outcome::RunOutcome;
use super::summary::Summary;
use super::timestamp::milliseconds;
use crate::error::{ExitCode, Failure, Link, Printable};
use crate::plan::{PlannedContainer, PlannedPull, PlannedTask, PullPlan};
use crate::pull::PullOutcome;

/// The version of the JSON, see [`Report::schema_version`].
const SCHEMA_VERSION: u32 = 1;

/// The result of one run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Version of this schema; raised when a field changes its meaning or is removed.
    pub schema_version: u32,
    /// The task definitions, in the order of the inputs.
    pub tasks: Vec<TaskReport>,
    /// Inputs that could not be read, or are not task definitions.
    pub invalid_inputs: Vec<Failure>,
    /// Counts of the results.
    pub summary: Summary,
}

/// The result for one task definition.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskReport {
    /// Where the task definition was read from.
    pub source: Printable,
    /// Family of the task definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Printable>,
    /// Valid parts of the task definition that are probably mistakes.
    pub warnings: Vec<String>,
    /// Its containers, in their order.
    pub containers: Vec<ContainerReport>,
}

impl Report {
    /// The report of a plan that was executed, from its pulls and their outcomes.
    #[must_use]
    pub fn from_pulls(
        tasks: Vec<PlannedTask>,
        pulls: &[(PlannedPull, PullOutcome)],
        invalid_inputs: Vec<Failure>,
        duration: Duration,
    ) -> Self {
        Self::new(tasks, invalid_inputs, duration, |container, index| {
            let (pull, outcome) = &pulls[index];
            container.set_outcome(pull, outcome);
        })
    }

    /// The report of a dry run.
    #[must_use]
    pub fn from_plan(plan: PullPlan, invalid_inputs: Vec<Failure>, duration: Duration) -> Self {
        let PullPlan { tasks, pulls } = plan;
        Self::new(tasks, invalid_inputs, duration, |container, index| container.set_plan(&pulls[index]))
    }

    /// The report of an input that is not a task definition.
    #[must_use]
    pub fn from_invalid(failure: Failure) -> Self {
        Self::new(Vec::new(), vec![failure], Duration::ZERO, |_, _| {})
    }

    /// One report of several runs that took place at the same time.
    #[must_use]
    pub fn merge(reports: impl IntoIterator<Item = Self>) -> Self {
        let empty = Self::new(Vec::new(), Vec::new(), Duration::ZERO, |_, _| {});
        reports.into_iter().fold(empty, |mut merged, report| {
            merged.tasks.extend(report.tasks);
            merged.invalid_inputs.extend(report.invalid_inputs);
            merged.summary = merged.summary.merge(report.summary);
            merged
        })
    }

    /// Every failure in the report: of the inputs, then of the containers.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        let containers = self.tasks.iter().flat_map(|task| &task.containers);
        self.invalid_inputs.iter().chain(containers.filter_map(|container| container.failure.as_ref()))
    }

    /// What the failures have in common.
    #[must_use]
    pub fn outcome(&self) -> RunOutcome {
        // A pull that was cancelled because another one failed does not decide the outcome.
        let causes = || self.failures().filter(|failure| !failure.was_stopped());
        if self.failures().next().is_none() {
            RunOutcome::Success
        } else if causes().next().is_none() {
            RunOutcome::Cancelled
        } else if causes().any(|failure| failure.exit_code() == ExitCode::NoEngine) {
            RunOutcome::EngineUnreachable
        } else if causes().all(|failure| failure.link == Link::Definition) {
            RunOutcome::InvalidInput
        } else {
            RunOutcome::Failed
        }
    }

    /// `complete` adds to a container what is known about the pull with an index of the plan.
    fn new(
        tasks: Vec<PlannedTask>,
        invalid_inputs: Vec<Failure>,
        duration: Duration,
        complete: impl Fn(&mut ContainerReport, usize),
    ) -> Self {
        let tasks: Vec<_> = tasks.into_iter().map(|task| TaskReport::new(task, &complete)).collect();
        let duration_ms = milliseconds(duration);
        let mut summary = Summary { invalid_inputs: invalid_inputs.len(), duration_ms, ..Summary::default() };
        tasks.iter().flat_map(|task| &task.containers).for_each(|container| summary.count(container.result));
        Self { schema_version: SCHEMA_VERSION, tasks, invalid_inputs, summary }
    }
}

impl TaskReport {
    fn new(task: PlannedTask, complete: impl Fn(&mut ContainerReport, usize)) -> Self {
        let warnings = task.warnings.iter().map(|warning| format!("{}: {}", warning.container, warning.message));
        let warnings = warnings.collect();
        let containers = task.containers.into_iter().map(|PlannedContainer { name, image, registry, pull, .. }| {
            let mut container = ContainerReport::new(name.to_string(), image, registry);
            match pull {
                Ok(index) => complete(&mut container, index),
                Err(failure) => container.fail(failure),
            }
            container
        });
        Self { source: task.source, family: task.family, warnings, containers: containers.collect() }
    }
}
