//! The events of a run, for programs that follow it.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container_report::{ContainerResult, RetryReport};
use super::layers_report::LayersReport;
use super::run_report::Report;
use super::subject::Subject;
use super::timestamp::timestamp_millis;
use crate::error::{Failure, Printable, Warning, WarningId};
use crate::pull::{FailedAttempt, LayerTotals, PullResultKind, PullState, PulledImage};

/// One line of `--output json --events`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    /// Time of the event, in UTC: `2026-01-31T12:00:00.000Z`.
    pub time: String,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind<'a>,
}

/// An event of one pull, or of the whole run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EventKind<'a> {
    /// The state of a pull changed.
    Pull {
        /// The new state.
        #[serde(flatten)]
        event: PullEvent<'a>,
        /// The pull.
        #[serde(flatten)]
        subject: Cow<'a, Subject>,
    },
    /// The state of the run changed.
    Run(RunEvent<'a>),
}

/// The new state of a pull.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum PullEvent<'a> {
    /// The engine is located, and the credential is resolved.
    Authorizing {},
    /// The pull waits for a permit.
    Waiting {},
    /// The image is cached, and the registry is asked whether this task may use it.
    Verifying {},
    /// The engine pulls. Sent when an attempt begins, and then at most twice a second.
    Pulling {
        /// Progress of the pull.
        #[serde(flatten)]
        layers: LayersReport,
    },
    /// A warning that does not stop the pull.
    Warning {
        /// What the warning is about; stable, for programs.
        id: WarningId,
        /// The warning in one sentence.
        #[serde(rename = "warning")]
        message: Cow<'a, Printable>,
    },
    /// An attempt failed, and another one follows.
    Retrying {
        /// When and why.
        #[serde(flatten)]
        retry: RetryReport,
    },
    /// The pull-through cache is unavailable, and the upstream registry is used.
    AskingUpstream {
        /// Why the pull-through cache rule failed.
        error: Cow<'a, Failure>,
    },
    /// The pull failed finally, and a cached image is used.
    FallingBack {
        /// Why the pull failed.
        error: Cow<'a, Failure>,
    },
    /// The pull has ended.
    End {
        /// How the pull ended; never `planned`.
        result: ContainerResult,
        /// Digest of the image.
        #[serde(skip_serializing_if = "Option::is_none")]
        digest: Option<Printable>,
        /// For a cached image: whether the registry accepted the credential for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        verified: Option<bool>,
        /// Why the image is missing.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Cow<'a, Failure>>,
        /// What was downloaded.
        #[serde(flatten)]
        layers: LayersReport,
    },
}

/// The new state of the run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum RunEvent<'a> {
    /// Agent only: every pull has ended, and the request is retried, because its failures are
    /// temporary.
    Postponed {
        /// One of the failures.
        error: Cow<'a, Failure>,
        /// When the next run begins, in the format of `time`.
        retry_at: Cow<'a, str>,
    },
    /// The last line.
    Report {
        /// The report of the run.
        report: Cow<'a, Report>,
    },
}

impl<'a> Event<'a> {
    fn new(kind: EventKind<'a>, now: SystemTime) -> Self {
        Self { time: timestamp_millis(now), kind }
    }

    /// A new state of a pull; `layers` is its last known progress.
    #[must_use]
    pub fn from_state(subject: &'a Subject, state: &'a PullState, layers: LayerTotals, now: SystemTime) -> Self {
        let layers = LayersReport::from(layers);
        let event = match state {
            PullState::Authorizing => PullEvent::Authorizing {},
            PullState::Waiting => PullEvent::Waiting {},
            PullState::Verifying => PullEvent::Verifying {},
            PullState::Warned(Warning { id, message }) => {
                PullEvent::Warning { id: *id, message: Cow::Borrowed(message) }
            }
            PullState::Pulling(layers) => PullEvent::Pulling { layers: LayersReport::from(*layers) },
            PullState::Retrying(retry) => PullEvent::Retrying { retry: RetryReport::from(retry) },
            PullState::AskingUpstream(error) => PullEvent::AskingUpstream { error: Cow::Borrowed(error) },
            PullState::FallingBack(error) => PullEvent::FallingBack { error: Cow::Borrowed(error) },
            PullState::Done(PulledImage { digest, kind, .. }) => PullEvent::End {
                result: ContainerResult::from(kind),
                digest: digest.as_deref().map(Printable::new),
                verified: if let PullResultKind::Cached { verified, .. } = kind { Some(*verified) } else { None },
                failure: None,
                layers,
            },
            PullState::Failed(failure) => PullEvent::End {
                result: ContainerResult::from(failure),
                digest: None,
                verified: None,
                failure: Some(Cow::Borrowed(failure)),
                layers,
            },
        };
        Self::new(EventKind::Pull { event, subject: Cow::Borrowed(subject) }, now)
    }

    /// The run is repeated at a later time.
    #[must_use]
    pub fn from_postponement(error: &'a Failure, retry_at: &'a str, now: SystemTime) -> Self {
        let (error, retry_at) = (Cow::Borrowed(error), Cow::Borrowed(retry_at));
        Self::new(EventKind::Run(RunEvent::Postponed { error, retry_at }), now)
    }

    /// The last event of a run.
    #[must_use]
    pub fn from_report(report: &'a Report, now: SystemTime) -> Self {
        Self::new(EventKind::Run(RunEvent::Report { report: Cow::Borrowed(report) }), now)
    }
}

impl From<PullEvent<'_>> for PullState {
    fn from(event: PullEvent<'_>) -> Self {
        match event {
            PullEvent::Authorizing {} => Self::Authorizing,
            PullEvent::Waiting {} => Self::Waiting,
            PullEvent::Verifying {} => Self::Verifying,
            PullEvent::Pulling { layers } => Self::Pulling(LayerTotals::from(layers)),
            PullEvent::Warning { id, message } => Self::Warned(Warning { id, message: message.into_owned() }),
            PullEvent::Retrying { retry: RetryReport { attempt, wait_ms, error } } => {
                Self::Retrying(FailedAttempt { attempt, wait: Duration::from_millis(wait_ms), failure: error })
            }
            PullEvent::AskingUpstream { error } => Self::AskingUpstream(error.into_owned()),
            PullEvent::FallingBack { error } => Self::FallingBack(error.into_owned()),
            PullEvent::End { failure: Some(failure), .. } => Self::Failed(failure.into_owned()),
            PullEvent::End { result, digest, verified, failure: None, .. } => {
                let kind = match result {
                    ContainerResult::UpToDate => PullResultKind::UpToDate,
                    ContainerResult::Cached => {
                        PullResultKind::Cached { verified: verified.unwrap_or_default(), pull_failure: None }
                    }
                    _ => PullResultKind::Fetched,
                };
                let digest = digest.map(|digest| digest.to_string());
                Self::Done(PulledImage { digest, kind, platform: None })
            }
        }
    }
}
