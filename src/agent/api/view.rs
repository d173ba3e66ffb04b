//! Requests and the agent itself, as they are shown to programs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::agent::{JobId, JobPhase, JobResult, JobSnapshot, JobSource, JobState, Timestamp};
use crate::error::{Failure, Printable};
use crate::pipeline::{LayerTotals, PullResultKind, PullState};
use crate::report::Report;
use crate::report::event::{LayersReport, Subject};

/// A request.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Pull")]
pub struct PullView {
    /// Its name.
    pub id: JobId,
    /// What its sender calls it.
    pub source: Printable,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// Where it comes from.
    pub by: JobSource,
    /// Where it stands.
    pub state: StateWord,
    /// Of one that waits: when it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Of one that waits: why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Failure>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Where its pulls stand, while it is open; not in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pulls: Vec<OnePull>,
    /// What came of it; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Report>")]
    pub report: Option<Box<RawValue>>,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "State")]
pub enum StateWord {
    /// It is accepted.
    Queued,
    /// Its images are pulled.
    Running,
    /// It failed for a reason that may pass, and is tried again.
    Waiting,
    /// Every image is there.
    Succeeded,
    /// At least one is not.
    Failed,
    /// It was called off.
    Cancelled,
}

/// One pull of a request.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnePull {
    /// Which one.
    #[serde(flatten)]
    pub of: Subject,
    /// Where it stands.
    pub state: PullWord,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<LayersReport>,
}

/// Where a pull stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PullWord {
    /// It has not begun.
    Planned,
    /// The engine and the credential are sought.
    Authorizing,
    /// It waits for its turn.
    Waiting,
    /// The registry is asked whether the task may have the copy.
    Verifying,
    /// The engine is at it.
    Pulling,
    /// An attempt failed and another one follows.
    Retrying,
    /// The rule's way is out of order, and the upstream is asked.
    AskingUpstream,
    /// It failed, and a copy serves instead.
    FallingBack,
    /// The image was fetched.
    Pulled,
    /// The image was there and is the one.
    UpToDate,
    /// The image was there, and that was enough.
    Cached,
    /// The image is not there.
    Failed,
}

/// Requests, newest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Pulls")]
pub struct ListView {
    /// They.
    pub pulls: Vec<PullView>,
}

/// Which program this is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Version")]
pub struct VersionView {
    /// Its version.
    pub version: String,
    /// The versions of this API that it speaks.
    pub api: Vec<String>,
}

/// Whether a request would be kept and carried out.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// Whether every condition is met.
    pub ready: bool,
    /// What it takes.
    pub conditions: Vec<Condition>,
}

/// One thing that it takes.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// `engine` or `state-folder`.
    pub name: String,
    /// Whether it is so.
    pub met: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl PullView {
    /// Without its pulls and its report, as lists have it.
    #[must_use]
    pub(super) fn brief(view: JobSnapshot) -> Self {
        let JobSnapshot { id, source, accepted, submitted_by: by, state: standing } = view;
        let brief = |state| Self {
            id,
            source,
            accepted,
            by,
            state,
            until: None,
            because: None,
            ended: None,
            pulls: Vec::new(),
            report: None,
        };
        match standing {
            JobState::Ended { at, result } => Self { ended: Some(at), ..brief(StateWord::from(result)) },
            JobState::Open(open) => {
                let phase = open.phase();
                let brief = brief(StateWord::from(&phase));
                match phase {
                    JobPhase::Waiting { error: because, retry_at: until } => {
                        Self { because: Some(because), until: Some(until), ..brief }
                    }
                    JobPhase::Queued | JobPhase::Running => brief,
                }
            }
        }
    }
}

impl OnePull {
    pub(super) fn new(of: Subject, state: Option<PullState>) -> Self {
        let layers = match &state {
            Some(PullState::Pulling(layers @ LayerTotals { total: 1.., .. })) => Some(LayersReport::from(*layers)),
            _ => None,
        };
        Self { of, state: state.map_or(PullWord::Planned, PullWord::from), layers }
    }
}

impl From<&JobPhase> for StateWord {
    fn from(phase: &JobPhase) -> Self {
        match phase {
            JobPhase::Queued => Self::Queued,
            JobPhase::Running => Self::Running,
            JobPhase::Waiting { .. } => Self::Waiting,
        }
    }
}

impl From<JobResult> for StateWord {
    fn from(how: JobResult) -> Self {
        match how {
            JobResult::Succeeded => Self::Succeeded,
            JobResult::Failed => Self::Failed,
            JobResult::Cancelled => Self::Cancelled,
        }
    }
}

impl From<PullState> for PullWord {
    fn from(state: PullState) -> Self {
        match state {
            PullState::Authorizing => Self::Authorizing,
            PullState::Waiting => Self::Waiting,
            PullState::Verifying => Self::Verifying,
            PullState::Warned(_) | PullState::Pulling(_) => Self::Pulling,
            PullState::Retrying(_) => Self::Retrying,
            PullState::AskingUpstream(_) => Self::AskingUpstream,
            PullState::FallingBack(_) => Self::FallingBack,
            PullState::Done(pulled) => match pulled.how {
                PullResultKind::Fetched => Self::Pulled,
                PullResultKind::UpToDate => Self::UpToDate,
                PullResultKind::Cached { .. } => Self::Cached,
            },
            PullState::Failed(_) => Self::Failed,
        }
    }
}
