//! A run from task definitions to a report.

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::input::Input;
use crate::aws::HostRegion;
use crate::credential::CredentialProvider;
use crate::engine::EngineConnector;
use crate::error::{Failure, Warning};
use crate::plan::{Need, PlanContext, PlannedPull, PullPlan};
use crate::pull::{self, ProgressObserver, PullLimiter, PullLimits};
use crate::report::Report;
use crate::report::Subject;
use crate::task::{CredentialsParameter, TaskDefinition};
use crate::traces;

/// A planned run: its pulls, the inputs that could not be planned, and when it started.
#[derive(Debug)]
pub struct PullRun {
    plan: PullPlan,
    invalid_inputs: Vec<Failure>,
    /// Warnings about the host and its connections.
    warnings: Vec<Warning>,
    started: Instant,
}

impl PullRun {
    /// Parses the inputs, and plans all their pulls together for the host that the context describes.
    #[must_use]
    pub fn new(inputs: Vec<Input>, context: &PlanContext<'_>) -> Self {
        let started = Instant::now();
        let mut tasks = Vec::new();
        let mut invalid_inputs = Vec::new();
        for Input { source, text } in inputs {
            match text.and_then(|text| TaskDefinition::parse(&source, &text).map_err(Failure::from)) {
                Ok(task) => tasks.push(task),
                Err(failure) => invalid_inputs.push(failure),
            }
        }
        Self { plan: PullPlan::new(tasks, context), invalid_inputs, warnings: Vec::new(), started }
    }

    /// Adds warnings about the host and its connections.
    #[must_use]
    pub fn with_warnings(mut self, warnings: impl IntoIterator<Item = Warning>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// The images to pull. A [`ProgressObserver`] refers to them by their index in this list.
    #[must_use]
    pub fn images(&self) -> Vec<String> {
        self.plan.pulls.iter().map(|pull| pull.image.to_string()).collect()
    }

    /// The images as subjects of events, each with the containers that use it.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        Subject::from_plan(&self.plan)
    }

    /// The warnings about the host and its connections.
    #[must_use]
    pub fn host_warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The warnings that are known before the pulls, one line each: about the host, then about the
    /// definitions.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let tasks = self
            .plan
            .tasks
            .iter()
            .flat_map(|task| task.warnings.iter().map(move |warning| format!("{}: {warning}", task.source)));
        self.warnings.iter().map(ToString::to_string).chain(tasks)
    }

    /// Whether a secret is named without its Region.
    #[must_use]
    pub fn needs_host_region(&self) -> bool {
        self.plan
            .pulls
            .iter()
            .flat_map(PlannedPull::routes)
            .any(|route| matches!(&route.need, Need::Secret { parameter: CredentialsParameter::Name(_), .. }))
    }

    /// Whether an input or a container is invalid.
    fn has_faults(&self) -> bool {
        let containers = self.plan.tasks.iter().flat_map(|task| &task.containers);
        !self.invalid_inputs.is_empty() || containers.into_iter().any(|container| container.pull.is_err())
    }

    /// The plan as a report, with the host's Region if it is known. Contacts neither AWS nor the engine.
    #[must_use]
    pub fn dry_run(self, host_region: Option<&HostRegion>) -> Report {
        let duration = self.started.elapsed();
        Report::from_plan(self.plan, self.invalid_inputs, duration, host_region).with_host_warnings(&self.warnings)
    }

    /// Pulls the images. Cancelling `interrupt` ends the run early; pulls that have not finished are
    /// reported as cancelled.
    pub async fn pull<C: EngineConnector>(
        self,
        credentials: &dyn CredentialProvider,
        engine: &C,
        limiter: &PullLimiter,
        limits: &PullLimits,
        progress: &dyn ProgressObserver,
        interrupt: &CancellationToken,
    ) -> Report {
        let must_not_start = limits.fail_fast && self.has_faults();
        let PullPlan { tasks, pulls } = self.plan;
        let span = traces::run_span(pulls.len());
        let outcomes = if must_not_start {
            pull::cancelled_outcomes(&pulls)
        } else {
            let run = pull::run(pulls.clone(), credentials, engine, limiter, limits, progress, interrupt);
            run.instrument(span.clone()).await
        };
        let pulls: Vec<_> = pulls.into_iter().zip(outcomes).collect();
        let report = Report::from_pulls(tasks, &pulls, self.invalid_inputs, self.started.elapsed());
        let report = report.with_host_warnings(&[self.warnings, credentials.warnings()].concat());
        if let Some(failure) = report.failures().next() {
            traces::record_failure(&span, failure);
        }
        report
    }
}
