//! The one place that joins the stages: definition, plan, credential, pull, report.

#[cfg(feature = "ecs")]
mod ecs;
mod input;
mod logins;
mod pin;
mod secret;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

pub use crate::aws::{AwsCall, AwsCallEvent, AwsClient, Batching, CallObserver, CallOutcome};
pub use crate::credential::host_logins::{HostLoginSettings, HostLogins};
pub use crate::credential::{
    AccessTokens, CacheConfig, CachingCredentialProvider, CredentialKind, CredentialObserver, CredentialServed, Login,
    Provenance, ServedFrom,
};
use crate::credential::{AuthorizedPlan, CredentialProvider};
pub use crate::engine::{DockerAddress, EngineEndpoint, EngineSelector, ResolvedEngine, TlsUse};
use crate::error::Failure;
pub use crate::identity::{AccountRoles, HostKind};
pub use crate::plan::{PlanContext, RegistryMap, Rewrites, RoleUse};
pub use crate::pull::{
    Behavior, Caching, Concurrency, Deadlines, DiskCheck, DiskLimits, FailedAttempt, LayerTotals, OnRefusal,
    ProgressObserver, PullLimiter, PullLimits, PullResultKind, PullState, PulledImage, reach,
};
pub use crate::retry::Backoff;
pub use crate::secret_authoring::{
    Binding, CheckStatus, Finding, NewSecret, NewSecretArgs, OnDifference, PLAINTEXT_LIMIT, Plaintext, SecretSpec,
    SecretUse, UpsertAction, UpsertResult, Upstream, UpstreamToken,
};
pub use crate::task::{ImageReference, Platform, RegistryHost};
pub use logins::{IssuedLogin, LoginProvider};
pub use secret::{SecretCheckRequest, check_secret, keep_secret, seal_login};

#[cfg(feature = "ecs")]
pub use ecs::EcsCluster;
pub use input::{Input, InputError, at_most, whole};
pub use pin::{PinError, pin_definitions};

use crate::engine::EngineConnector;
use crate::plan::PullPlan;
use crate::pull;
use crate::report::Report;
use crate::report::event::Subject;
use crate::task::{TaskDefinition, Warning};
use crate::traces;

/// A plan, the inputs that did not make it, and when the work began.
#[derive(Debug)]
pub struct PullRun {
    plan: PullPlan,
    invalid_inputs: Vec<Failure>,
    begun: Instant,
}

impl PullRun {
    /// Reads the inputs and plans all their pulls together, on the host that the context
    /// tells of.
    #[must_use]
    pub fn new(inputs: Vec<Input>, context: &PlanContext<'_>) -> Self {
        let begun = Instant::now();
        let mut tasks = Vec::new();
        let mut invalid_inputs = Vec::new();
        for Input { source, text } in inputs {
            match text.and_then(|text| TaskDefinition::parse(&source, &text).map_err(Failure::from)) {
                Ok(task) => tasks.push(task),
                Err(failure) => invalid_inputs.push(failure),
            }
        }
        Self { plan: PullPlan::new(tasks, context), invalid_inputs, begun }
    }

    /// The images to pull; a progress speaks of them by their place in this list.
    #[must_use]
    pub fn images(&self) -> Vec<String> {
        self.plan.pulls.iter().map(|pull| pull.image.to_string()).collect()
    }

    /// The same as the subjects of events, each with the containers that want it.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        Subject::of_plan(&self.plan)
    }

    /// What is allowed and probably not meant, ready to be shown.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.plan.tasks.iter().flat_map(|task| {
            let said = move |warning: &Warning| format!("{}: {}: {}", task.source, warning.container, warning.message);
            task.warnings.iter().map(said)
        })
    }

    /// Whether an input or a container was found wanting already.
    fn has_faults(&self) -> bool {
        let containers = self.plan.tasks.iter().flat_map(|task| &task.containers);
        !self.invalid_inputs.is_empty() || containers.into_iter().any(|container| container.pull.is_err())
    }

    /// The plan as a report; neither AWS nor the engine is asked.
    #[must_use]
    pub fn dry_run(self) -> Report {
        Report::of_plan(self.plan, self.invalid_inputs, self.begun.elapsed())
    }

    /// Carries the plan out. `interrupt` ends it early; what is not done then is reported
    /// as cancelled.
    pub async fn pull<C: EngineConnector>(
        self,
        credentials: &dyn CredentialProvider,
        engine: &C,
        traffic: &PullLimiter,
        limits: &PullLimits,
        progress: &dyn ProgressObserver,
        interrupt: &CancellationToken,
    ) -> Report {
        let must_not_begin = limits.fail_fast && self.has_faults();
        let planned = self.plan.pulls.clone();
        let span = traces::run(planned.len());
        let AuthorizedPlan { tasks, pulls, credentials } = AuthorizedPlan::new(self.plan, credentials);
        let outcomes = if must_not_begin {
            pull::not_begun(&pulls)
        } else {
            let pulled = pull::run(pulls, credentials, engine, traffic, limits, progress, interrupt);
            pulled.instrument(span.clone()).await
        };
        let pulls: Vec<_> = planned.into_iter().zip(outcomes).collect();
        let report = Report::of_pulls(tasks, &pulls, self.invalid_inputs, self.begun.elapsed());
        if let Some(failure) = report.failures().next() {
            traces::failed(&span, failure);
        }
        report
    }
}
