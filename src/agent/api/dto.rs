//! Data transfer objects: the JSON of the API's responses. The client reads them with these types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::agent::{JobId, JobPhase, JobResult, JobSnapshot, JobSource, JobState, Timestamp};
use crate::error::{Failure, Printable};
use crate::pull::{LayerTotals, PullResultKind, PullState};
use crate::report::{LayersReport, Report, Subject};

/// Pull request: the images of one task definition.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Pull")]
pub struct PullView {
    /// Id that the agent gave the request.
    pub id: JobId,
    /// Name that the submitter gave the definition.
    pub source: Printable,
    /// Time at which the agent accepted the request.
    pub accepted: Timestamp,
    /// Where the request came from.
    pub submitted_by: JobSource,
    /// State of the request.
    pub state: JobStatus,
    /// Time of the next attempt; only of a waiting request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// Reason why the last attempt failed; only of a waiting request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// Time at which the request ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Status of each image while the request is open. Lists omit it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pulls: Vec<PullItem>,
    /// Report of a request that has ended. Lists omit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Report>")]
    pub report: Option<Box<RawValue>>,
}

/// State of a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "State")]
pub enum JobStatus {
    /// Accepted and not started.
    Queued,
    /// The agent is pulling the images.
    Running,
    /// Failed for a temporary reason; the agent will retry it.
    Waiting,
    /// All images are on the engine.
    Succeeded,
    /// At least one image is missing.
    Failed,
    /// Cancelled before it ended.
    Cancelled,
}

/// One image of a pull request.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullItem {
    /// The image, and the containers that use it.
    #[serde(flatten)]
    pub subject: Subject,
    /// State of the pull.
    pub state: PullStatus,
    /// Progress of the layers, if the engine reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<LayersReport>,
}

/// State of the pull of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PullStatus {
    /// Not started.
    Planned,
    /// Connecting to the engine and resolving the credential.
    Authorizing,
    /// Waiting for a permit.
    Waiting,
    /// Asking the registry whether the task may use the cached image.
    Verifying,
    /// The engine is pulling the image.
    Pulling,
    /// The engine has downloaded every layer and is unpacking them.
    Extracting,
    /// An attempt failed; another one follows.
    Retrying,
    /// The pull-through cache is unavailable; using the upstream registry.
    AskingUpstream,
    /// The pull failed; using the cached image.
    FallingBack,
    /// The engine downloaded the image.
    Pulled,
    /// The engine already had the current image.
    UpToDate,
    /// The cached image is used without a pull.
    Cached,
    /// The image is missing.
    Failed,
}

/// Pull requests, newest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Pulls")]
pub struct PullList {
    /// The requests, without `pulls` and `report`.
    pub pulls: Vec<PullView>,
}

/// Version of the program.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Version")]
pub struct VersionView {
    /// Version of the program.
    pub version: String,
    /// Supported versions of this API.
    pub api: Vec<String>,
}

/// Whether the agent can store and run requests.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// Whether all conditions are met.
    pub ready: bool,
    /// The conditions that were checked.
    pub conditions: Vec<Condition>,
}

/// Condition for readiness.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// `engine` or `state-folder`.
    pub name: String,
    /// Whether the condition is met.
    pub met: bool,
    /// Reason why the condition is not met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Problem details of a request that failed (RFC 9457).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct ProblemView {
    /// Kind of the problem: `urn:taskpull:problem:` and a stable name.
    pub r#type: String,
    /// Kind of the problem in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: Printable,
    /// The failure behind the problem, as in a report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// For an invalid definition: the plan of each container, or the error in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

impl PullView {
    /// Returns the request without its pulls and its report, as in lists.
    #[must_use]
    pub(super) fn summary(view: JobSnapshot) -> Self {
        let JobSnapshot { id, source, accepted, submitted_by, state } = view;
        let mut summary = Self {
            id,
            source,
            accepted,
            submitted_by,
            state: JobStatus::from(&state),
            retry_at: None,
            error: None,
            ended: None,
            pulls: Vec::new(),
            report: None,
        };
        match state {
            JobState::Ended { at, .. } => summary.ended = Some(at),
            JobState::Open(open) => {
                let phase = open.phase();
                summary.state = JobStatus::from(&phase);
                if let JobPhase::Waiting { error, retry_at } = phase {
                    (summary.error, summary.retry_at) = (Some(error), Some(retry_at));
                }
            }
        }
        summary
    }
}

impl PullItem {
    pub(super) fn new(subject: Subject, state: Option<PullState>) -> Self {
        let layers = match &state {
            Some(PullState::Pulling(layers @ LayerTotals { total: 1.., .. })) => Some(LayersReport::from(*layers)),
            _ => None,
        };
        Self { subject, state: state.map_or(PullStatus::Planned, PullStatus::from), layers }
    }
}

impl From<&JobState> for JobStatus {
    fn from(state: &JobState) -> Self {
        match state {
            JobState::Open(open) => Self::from(&open.phase()),
            JobState::Ended { result: JobResult::Succeeded, .. } => Self::Succeeded,
            JobState::Ended { result: JobResult::Failed, .. } => Self::Failed,
            JobState::Ended { result: JobResult::Cancelled, .. } => Self::Cancelled,
        }
    }
}

impl From<&JobPhase> for JobStatus {
    fn from(phase: &JobPhase) -> Self {
        match phase {
            JobPhase::Queued => Self::Queued,
            JobPhase::Running => Self::Running,
            JobPhase::Waiting { .. } => Self::Waiting,
        }
    }
}

impl From<PullState> for PullStatus {
    fn from(state: PullState) -> Self {
        match state {
            PullState::Authorizing => Self::Authorizing,
            PullState::Waiting => Self::Waiting,
            PullState::Verifying => Self::Verifying,
            PullState::Pulling(LayerTotals { extraction: Some(_), .. }) => Self::Extracting,
            PullState::Warned(_) | PullState::Pulling(_) => Self::Pulling,
            PullState::Retrying(_) => Self::Retrying,
            PullState::AskingUpstream(_) => Self::AskingUpstream,
            PullState::FallingBack(_) => Self::FallingBack,
            PullState::Done(pulled) => match pulled.kind {
                PullResultKind::Fetched => Self::Pulled,
                PullResultKind::UpToDate => Self::UpToDate,
                PullResultKind::Cached { .. } => Self::Cached,
            },
            PullState::Failed(_) => Self::Failed,
        }
    }
}
