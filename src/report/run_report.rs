//! The report of one run, its numbers, and the outcome that decides the exit code.

use std::collections::HashSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container_report::{ContainerReport, ContainerResult};
use super::timestamp::milliseconds;
use super::warning_report::WarningReport;
use crate::aws::HostRegion;
use crate::error::{ExitCode, Failure, Link, Printable, Warning};
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
    /// Every distinct warning of the run: about the host, the definitions, the pulls and their
    /// credentials.
    #[serde(default)]
    pub warnings: Vec<WarningReport>,
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
    /// Warnings about the host, and about valid parts of the task definition that are probably
    /// mistakes. Each ends with its id in brackets.
    pub warnings: Vec<Printable>,
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
            container.set_outcome(pull, outcome)
        })
    }

    /// The report of a dry run. The host's Region is that of secrets which are named without one.
    #[must_use]
    pub fn from_plan(
        plan: PullPlan,
        invalid_inputs: Vec<Failure>,
        duration: Duration,
        host_region: Option<&HostRegion>,
    ) -> Self {
        let PullPlan { tasks, pulls } = plan;
        Self::new(tasks, invalid_inputs, duration, |container, index| {
            container.set_plan(&pulls[index], host_region);
            Vec::new()
        })
    }

    /// Adds warnings about the host and its connections, which concern every task.
    #[must_use]
    pub fn with_host_warnings(mut self, warnings: &[Warning]) -> Self {
        for task in &mut self.tasks {
            task.warnings.extend(warnings.iter().map(|warning| Printable::new(&warning.to_string())));
        }
        let own = std::mem::take(&mut self.warnings);
        self.warnings = distinct(warnings.iter().map(WarningReport::from).chain(own));
        self
    }

    /// The report of an input that is not a task definition.
    #[must_use]
    pub fn from_invalid(failure: Failure) -> Self {
        Self::new(Vec::new(), vec![failure], Duration::ZERO, |_, _| Vec::new())
    }

    /// One report of several runs that took place at the same time.
    #[must_use]
    pub fn merge(reports: impl IntoIterator<Item = Self>) -> Self {
        let empty = Self::new(Vec::new(), Vec::new(), Duration::ZERO, |_, _| Vec::new());
        let mut merged = reports.into_iter().fold(empty, |mut merged, report| {
            merged.warnings.extend(report.warnings);
            merged.tasks.extend(report.tasks);
            merged.invalid_inputs.extend(report.invalid_inputs);
            merged.summary = merged.summary.merge(report.summary);
            merged
        });
        merged.warnings = distinct(merged.warnings);
        merged
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

    /// The report of a run that failed as a whole.
    #[must_use]
    pub fn of_failure(failure: Failure) -> Self {
        Self::new(Vec::new(), vec![failure], Duration::ZERO, |_, _| Vec::new())
    }

    /// `complete` adds to a container what is known about the pull with an index of the plan, and
    /// returns the warnings about that pull.
    fn new(
        tasks: Vec<PlannedTask>,
        invalid_inputs: Vec<Failure>,
        duration: Duration,
        complete: impl Fn(&mut ContainerReport, usize) -> Vec<WarningReport>,
    ) -> Self {
        let mut warnings = Vec::new();
        let tasks = tasks.into_iter().map(|task| {
            let about_definition = |warning| WarningReport::from_definition(&task.source, warning);
            warnings.extend(task.warnings.iter().map(about_definition));
            TaskReport::new(task, |container, pull| warnings.extend(complete(container, pull)))
        });
        let tasks: Vec<_> = tasks.collect();
        let duration_ms = milliseconds(duration);
        let mut summary = Summary { invalid_inputs: invalid_inputs.len(), duration_ms, ..Summary::default() };
        tasks.iter().flat_map(|task| &task.containers).for_each(|container| summary.count(container.result));
        Self { schema_version: SCHEMA_VERSION, warnings: distinct(warnings), tasks, invalid_inputs, summary }
    }
}

impl TaskReport {
    fn new(task: PlannedTask, mut complete: impl FnMut(&mut ContainerReport, usize)) -> Self {
        let warnings = task.warnings.iter().map(|warning| Printable::new(&warning.to_string())).collect();
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

/// The values without repetitions, in their order.
fn distinct(warnings: impl IntoIterator<Item = WarningReport>) -> Vec<WarningReport> {
    let mut seen = HashSet::new();
    warnings.into_iter().filter(|warning| seen.insert(warning.clone())).collect()
}

/// Number of containers with each result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Containers whose image was pulled.
    pub pulled: usize,
    /// Containers whose image was up to date.
    pub up_to_date: usize,
    /// Containers whose cached image is used.
    pub cached: usize,
    /// Containers whose image is missing.
    pub failed: usize,
    /// Containers whose pull was cancelled.
    pub cancelled: usize,
    /// Containers of a dry run.
    pub planned: usize,
    /// Inputs that could not be read, or are not task definitions.
    pub invalid_inputs: usize,
    /// Duration of the run, in milliseconds.
    pub duration_ms: u64,
}

impl Summary {
    pub(super) fn count(&mut self, result: ContainerResult) {
        *match result {
            ContainerResult::Pulled => &mut self.pulled,
            ContainerResult::UpToDate => &mut self.up_to_date,
            ContainerResult::Cached => &mut self.cached,
            ContainerResult::Failed => &mut self.failed,
            ContainerResult::Cancelled => &mut self.cancelled,
            ContainerResult::Planned => &mut self.planned,
        } += 1;
    }

    /// The sum of two runs that took place at the same time.
    pub(super) fn merge(self, other: Self) -> Self {
        Self {
            pulled: self.pulled + other.pulled,
            up_to_date: self.up_to_date + other.up_to_date,
            cached: self.cached + other.cached,
            failed: self.failed + other.failed,
            cancelled: self.cancelled + other.cancelled,
            planned: self.planned + other.planned,
            invalid_inputs: self.invalid_inputs + other.invalid_inputs,
            duration_ms: self.duration_ms.max(other.duration_ms),
        }
    }
}

/// What the failures of a report have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// The report has no failure.
    Success,
    /// Every failure is one of the input.
    InvalidInput,
    /// The engine could not be reached, or went away.
    EngineUnreachable,
    /// The run was cancelled, and nothing else failed.
    Cancelled,
    /// At least one failure has another reason.
    Failed,
}

impl From<RunOutcome> for ExitCode {
    fn from(outcome: RunOutcome) -> Self {
        match outcome {
            RunOutcome::Success => Self::Success,
            RunOutcome::InvalidInput => Self::BadInput,
            RunOutcome::EngineUnreachable => Self::NoEngine,
            RunOutcome::Failed => Self::Failed,
            RunOutcome::Cancelled => Self::Interrupted,
        }
    }
}
