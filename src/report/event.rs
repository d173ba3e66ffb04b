//! EventKind happens to each pull, told to a program while it does.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContainerResult, Report, RetryReport};
use crate::error::{Failure, Printable};
use crate::plan::PullPlan;
use crate::pull::{How, Layers, Pulled, Retry, State};

/// One line of `--output json --events`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    /// When it was, in UTC: `2026-01-31T12:00:00.000Z`.
    pub time: String,
    /// EventKind it was.
    #[serde(flatten)]
    pub what: EventKind<'a>,
}

/// EventKind has happened.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum EventKind<'a> {
    /// The engine and the credential are sought.
    Authorizing {
        /// The pull.
        #[serde(flatten)]
        of: Cow<'a, Subject>,
    },
    /// It waits for its turn.
    Waiting {
        /// The pull.
        #[serde(flatten)]
        of: Cow<'a, Subject>,
    },
    /// The image is here, and its registry is asked whether this task may have it.
    Verifying {
        /// The pull.
        #[serde(flatten)]
        of: Cow<'a, Subject>,
    },
    /// The engine is at it. Said when an attempt begins, and then at most twice a second.
    Pulling {
        /// The pull.
        #[serde(flatten)]
        of: Cow<'a, Subject>,
        /// How far it is.
        #[serde(flatten)]
        layers: LayersReport,
    },
    /// Something is odd and does not stop the pull.
    Warning {
        /// The pull.
        #[serde(flatten)]
        of: Cow<'a, Subject>,
        /// EventKind.
        warning: Cow<'a, Printable>,
    },
    /// An attempt failed and another one follows.
    Retrying {
        /// The pull.
        #[serde(flatten)]
        of: Cow<'a, Subject>,
        /// When, and why.
        #[serde(flatten)]
        retry: RetryReport,
    },
    /// The way through a pull-through rule is out of order, and the upstream is asked instead.
    AskingUpstream {
        /// The pull.
        #[serde(flatten)]
        of: Cow<'a, Subject>,
        /// EventKind was wrong with the rule's way.
        because: Cow<'a, Failure>,
    },
    /// The pull failed for good, and a copy on the engine serves instead.
    FallingBack {
        /// The pull.
        #[serde(flatten)]
        of: Cow<'a, Subject>,
        /// Why the pull failed.
        because: Cow<'a, Failure>,
    },
    /// It is over.
    End {
        /// The pull.
        #[serde(flatten)]
        of: Cow<'a, Subject>,
        /// How it ended; never `planned`.
        result: ContainerResult,
        /// The image's digest.
        #[serde(skip_serializing_if = "Option::is_none")]
        digest: Option<Printable>,
        /// Of a cached image: whether the registry has accepted the credential for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        verified: Option<bool>,
        /// Why the image is not there.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Cow<'a, Failure>>,
        /// EventKind was fetched.
        #[serde(flatten)]
        layers: LayersReport,
    },
    /// The agent only: all of it is over for now, and is done once more, because its failures
    /// may pass.
    Postponed {
        /// One of the failures.
        because: Cow<'a, Failure>,
        /// When it begins anew, as `time` is written.
        until: Cow<'a, str>,
    },
    /// The last line: what came of it all.
    Report {
        /// The whole of it.
        report: Cow<'a, Report>,
    },
}

/// A pull, as its events name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Its place in the plan, from 0; two pulls may be of one image, with different credentials.
    pub pull: usize,
    /// The image in full.
    pub image: Printable,
    /// The platform that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted_platform: Option<String>,
    /// The containers that want it.
    pub containers: Vec<ContainerRef>,
}

/// A container that wants an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerRef {
    /// Where its task definition was read.
    pub source: Printable,
    /// Its name.
    pub name: String,
}

/// Layers and bytes of one pull, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LayersReport {
    /// Layers that are in place.
    pub layers_done: usize,
    /// Layers known so far.
    pub layers_total: usize,
    /// Bytes downloaded.
    pub bytes: u64,
    /// Bytes to download.
    pub bytes_total: u64,
}

impl Subject {
    /// The pulls of a plan, in its order.
    #[must_use]
    pub fn from_plan(plan: &PullPlan) -> Vec<Self> {
        let subject = |(at, pull): (usize, &crate::plan::PlannedPull)| Self {
            pull: at,
            image: Printable::new(&pull.image.to_string()),
            wanted_platform: pull.platform.as_ref().map(ToString::to_string),
            containers: Vec::new(),
        };
        let mut subjects: Vec<_> = plan.pulls.iter().enumerate().map(subject).collect();
        for task in &plan.tasks {
            for container in &task.containers {
                if let Ok(pull) = container.pull {
                    let wanting = ContainerRef { source: task.source.clone(), name: container.name.to_string() };
                    subjects[pull].containers.push(wanting);
                }
            }
        }
        subjects
    }
}

impl<'a> Event<'a> {
    /// A pull's new state; `layers` is the last that was known of them.
    #[must_use]
    pub fn of_state(of: &'a Subject, state: &'a State, layers: Layers, now: SystemTime) -> Self {
        let (of, layers) = (Cow::Borrowed(of), LayersReport::from(layers));
        let what = match state {
            State::Authorizing => EventKind::Authorizing { of },
            State::Waiting => EventKind::Waiting { of },
            State::Verifying => EventKind::Verifying { of },
            State::Warned(warning) => EventKind::Warning { of, warning: Cow::Borrowed(warning) },
            State::Pulling(layers) => EventKind::Pulling { of, layers: LayersReport::from(*layers) },
            State::Retrying(retry) => EventKind::Retrying { of, retry: RetryReport::from(retry) },
            State::AskingUpstream(because) => EventKind::AskingUpstream { of, because: Cow::Borrowed(because) },
            State::FallingBack(because) => EventKind::FallingBack { of, because: Cow::Borrowed(because) },
            State::Done(Pulled { digest, how, .. }) => EventKind::End {
                of,
                result: ContainerResult::from(how),
                digest: digest.as_deref().map(Printable::new),
                verified: if let How::Cached { verified, .. } = how { Some(*verified) } else { None },
                failure: None,
                layers,
            },
            State::Failed(failure) => EventKind::End {
                of,
                result: ContainerResult::from(failure),
                digest: None,
                verified: None,
                failure: Some(Cow::Borrowed(failure)),
                layers,
            },
        };
        Self { time: time(now), what }
    }

    /// All of it is done once more, then.
    #[must_use]
    pub fn of_postponement(because: &'a Failure, until: &'a str, now: SystemTime) -> Self {
        let (because, until) = (Cow::Borrowed(because), Cow::Borrowed(until));
        Self { time: time(now), what: EventKind::Postponed { because, until } }
    }

    /// The last event of a run.
    #[must_use]
    pub fn of_report(report: &'a Report, now: SystemTime) -> Self {
        Self { time: time(now), what: EventKind::Report { report: Cow::Borrowed(report) } }
    }
}

impl EventKind<'_> {
    /// Which pull it is about, and the state that it is in now; nothing where it is about all.
    #[must_use]
    pub fn state(self) -> Option<(Subject, State)> {
        let (of, state) = match self {
            Self::Authorizing { of } => (of, State::Authorizing),
            Self::Waiting { of } => (of, State::Waiting),
            Self::Verifying { of } => (of, State::Verifying),
            Self::Pulling { of, layers } => (of, State::Pulling(Layers::from(layers))),
            Self::Warning { of, warning } => (of, State::Warned(warning.into_owned())),
            Self::Retrying { of, retry } => (of, State::Retrying(Retry::from(retry))),
            Self::AskingUpstream { of, because } => (of, State::AskingUpstream(because.into_owned())),
            Self::FallingBack { of, because } => (of, State::FallingBack(because.into_owned())),
            Self::End { of, failure: Some(failure), .. } => (of, State::Failed(failure.into_owned())),
            Self::End { of, result, digest, verified, failure: None, .. } => {
                let how = match result {
                    ContainerResult::UpToDate => How::UpToDate,
                    ContainerResult::Cached => How::Cached { verified: verified.unwrap_or_default(), instead_of: None },
                    _ => How::Fetched,
                };
                let digest = digest.map(|digest| digest.to_string());
                (of, State::Done(Pulled { digest, how, platform: None }))
            }
            Self::Postponed { .. } | Self::Report { .. } => return None,
        };
        Some((of.into_owned(), state))
    }
}

impl From<LayersReport> for Layers {
    fn from(LayersReport { layers_done, layers_total, bytes, bytes_total }: LayersReport) -> Self {
        Self { done: layers_done, total: layers_total, bytes, bytes_total }
    }
}

impl From<RetryReport> for Retry {
    fn from(RetryReport { attempt, wait_ms, because }: RetryReport) -> Self {
        Self { attempt, wait: Duration::from_millis(wait_ms), failure: because }
    }
}

impl From<Layers> for LayersReport {
    fn from(Layers { done, total, bytes, bytes_total }: Layers) -> Self {
        Self { layers_done: done, layers_total: total, bytes, bytes_total }
    }
}

/// RFC 3339 with milliseconds. A clock that is set beyond the year 9999 is not worth a failure.
fn time(now: SystemTime) -> String {
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    humantime::format_rfc3339_millis(now.clamp(SystemTime::UNIX_EPOCH, end)).to_string()
}
