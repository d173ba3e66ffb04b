//! One container in a report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::credential_report::CredentialReport;
use super::timestamp::milliseconds;
use super::warning_report::WarningReport;
use crate::aws::HostRegion;
use crate::credential::Provenance;
use crate::error::{Failure, Printable};
use crate::plan::PlannedPull;
use crate::pull::{FailedAttempt, PullOutcome, PullResultKind, PulledImage};

/// The result for one container.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerReport {
    /// Container name, as in the task definition.
    pub name: String,
    /// Image; with registry and tag added if it is a valid reference.
    pub image: Printable,
    /// Host of the image's registry; `docker.io` for Docker Hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// How the pull ended.
    pub result: ContainerResult,
    /// Digest of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Printable>,
    /// Image behind the pull-through cache rule (`[[rewrite]]`), if this route was used or is
    /// planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Printable>,
    /// Why the image came from the upstream registry instead of a pull-through cache rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Box<FallbackReport>>,
    /// The credential that was used, without its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialReport>,
    /// In a dry run: the credential for the upstream registry if the rule is unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_credential: Option<Box<CredentialReport>>,
    /// The requested platform, from the task definition or the setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted_platform: Option<String>,
    /// Platform of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Number of attempts at the pull; equal for all containers of one pull.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Wait for the permit to pull, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<u64>,
    /// Duration of the pull without the wait for the permit, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Warnings about the pull. Each ends with its id in brackets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Printable>,
    /// Failed attempts that were retried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retries: Vec<RetryReport>,
    /// For a cached image: whether the registry accepted the credential for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// For a cached image: the failure of the pull that it replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Box<Failure>>,
    /// Why the image is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A pull-through cache rule that failed, so that the upstream registry was used.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FallbackReport {
    /// Image behind the rule.
    pub via: Printable,
    /// Why the rule failed.
    pub error: Failure,
}

/// A failed attempt that was retried.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetryReport {
    /// Number of the next attempt; the first attempt has number 1.
    pub attempt: u32,
    /// Wait before the next attempt, in milliseconds.
    pub wait_ms: u64,
    /// Why the attempt failed.
    pub error: Failure,
}

/// How the pull for a container ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerResult {
    /// The image was pulled.
    Pulled,
    /// The image was present, and the registry confirmed that it is current.
    UpToDate,
    /// A cached image is used.
    Cached,
    /// The image is missing, or is not known to be the right one.
    Failed,
    /// The pull was cancelled.
    Cancelled,
    /// Dry run: nothing was contacted.
    #[default]
    Planned,
}

impl ContainerReport {
    /// A container before its pull.
    pub(super) fn new(name: String, image: Printable, registry: Option<String>) -> Self {
        Self { name, image, registry, ..Self::default() }
    }

    /// Adds what is planned.
    pub(super) fn set_plan(&mut self, pull: &PlannedPull, host_region: Option<&HostRegion>) {
        self.wanted_platform = pull.platform.as_ref().map(ToString::to_string);
        let report = |need| {
            let mut report = CredentialReport::from(need);
            if let Some(region) = host_region {
                report.set_host_region(region);
            }
            report
        };
        self.credential = Some(report(&pull.first_route().need));
        self.upstream_credential = pull.pull_through.as_ref().map(|_| Box::new(report(&pull.need)));
        self.set_route(pull, None);
    }

    /// Adds the outcome of the pull, and returns the warnings about it and its credential. A
    /// credential that was never fetched is reported as planned.
    pub(super) fn set_outcome(&mut self, pull: &PlannedPull, outcome: &PullOutcome) -> Vec<WarningReport> {
        self.wanted_platform = pull.platform.as_ref().map(ToString::to_string);
        let route = if outcome.fallback.is_some() { pull } else { pull.first_route() };
        let used = outcome.provenance.as_ref().map(CredentialReport::from);
        self.credential = Some(used.unwrap_or_else(|| CredentialReport::from(&route.need)));
        self.set_route(pull, outcome.fallback.as_deref());
        self.attempts = Some(outcome.attempts).filter(|attempts| *attempts > 0);
        self.duration_ms = self.attempts.map(|_| milliseconds(outcome.duration));
        self.waited_ms = self.attempts.map(|_| milliseconds(outcome.waited));
        self.warnings = outcome.warnings.iter().map(|warning| Printable::new(&warning.to_string())).collect();
        self.retries = outcome.retries.iter().map(RetryReport::from).collect();
        match &outcome.result {
            Ok(pulled) => self.succeed(pulled),
            Err(failure) => self.fail(failure.clone()),
        }
        let of_credential = outcome.provenance.iter().flat_map(Provenance::warnings);
        let warnings = outcome.warnings.iter().chain(of_credential);
        warnings.map(|warning| WarningReport::from_pull(&self.image, warning)).collect()
    }

    /// Adds the route that the pull takes, if it has two.
    fn set_route(&mut self, pull: &PlannedPull, failed: Option<&Failure>) {
        let Some(rule) = &pull.pull_through else { return };
        let via = Printable::new(&rule.image.to_string());
        match failed {
            Some(error) => self.fallback = Some(Box::new(FallbackReport { via, error: error.clone() })),
            None => self.via = Some(via),
        }
    }

    fn succeed(&mut self, PulledImage { digest, kind, platform }: &PulledImage) {
        self.digest = digest.as_deref().map(Printable::new);
        self.platform = platform.as_ref().map(ToString::to_string);
        self.result = ContainerResult::from(kind);
        if let PullResultKind::Cached { verified, pull_failure } = kind {
            self.verified = Some(*verified);
            self.instead_of.clone_from(pull_failure);
        }
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.result = ContainerResult::from(&failure);
        self.failure = Some(failure);
    }
}

impl From<&PullResultKind> for ContainerResult {
    fn from(kind: &PullResultKind) -> Self {
        match kind {
            PullResultKind::Fetched => Self::Pulled,
            PullResultKind::UpToDate => Self::UpToDate,
            PullResultKind::Cached { .. } => Self::Cached,
        }
    }
}

impl From<&Failure> for ContainerResult {
    fn from(failure: &Failure) -> Self {
        if failure.was_stopped() { Self::Cancelled } else { Self::Failed }
    }
}

impl From<&FailedAttempt> for RetryReport {
    fn from(FailedAttempt { attempt, wait, failure }: &FailedAttempt) -> Self {
        Self { attempt: *attempt, wait_ms: milliseconds(*wait), error: failure.clone() }
    }
}
