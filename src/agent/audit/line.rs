//! One line of the audit trail.

use std::time::SystemTime;

use schemars::JsonSchema;
use serde::Serialize;

use crate::agent::{AccessDecision, CredentialIssued};
use crate::agent::{Job, JobId, JobSource, Peer, Timestamp};
use crate::error::{Failure, Printable};
use crate::report::{ContainerReport, ContainerResult, CredentialReport, TaskReport};

/// One line of the audit trail of `taskpull serve`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line<'a> {
    /// When it was written.
    pub time: Timestamp,
    /// What was decided.
    #[serde(flatten)]
    pub what: What<'a>,
}

/// What was decided.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum What<'a> {
    /// Whether a container's image came, and with which credential.
    Pull {
        /// The request.
        #[serde(flatten)]
        of: Of<'a>,
        /// The task definition's family.
        #[serde(skip_serializing_if = "Option::is_none")]
        task: Option<&'a Printable>,
        /// The container's name.
        container: &'a str,
        /// Its image, in full where it is a reference.
        image: &'a Printable,
        /// The image as a pull-through rule has it, where that is the way that was taken.
        #[serde(skip_serializing_if = "Option::is_none")]
        via: Option<&'a Printable>,
        /// The image's digest.
        #[serde(skip_serializing_if = "Option::is_none")]
        digest: Option<&'a Printable>,
        /// How it ended.
        result: ContainerResult,
        /// The credential that was used, by name, with the calls to AWS that brought it.
        #[serde(skip_serializing_if = "Option::is_none")]
        credential: Option<&'a CredentialReport>,
        /// Of a cached image: whether the registry has accepted the credential for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        verified: Option<bool>,
        /// Attempts made at the pull.
        #[serde(skip_serializing_if = "Option::is_none")]
        attempts: Option<u32>,
        /// The wait for the pull's turn, in milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        waited_ms: Option<u64>,
        /// From the pull's turn to its end, in milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        duration_ms: Option<u64>,
        /// Why the image is not there.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<&'a Failure>,
    },
    /// A request's definition is none.
    Definition {
        /// The request.
        #[serde(flatten)]
        of: Of<'a>,
        /// Why.
        failure: &'a Failure,
    },
    /// Whether somebody may have what he asked of the agent.
    Access {
        /// Who asked.
        by: Peer,
        /// The right that it takes.
        right: &'static str,
        /// Whether it was granted.
        allowed: bool,
        /// What was asked for.
        what: Printable,
    },
    /// A credential was given to somebody.
    Credential {
        /// To whom.
        to: Peer,
        /// For which registry or image.
        what: Printable,
        /// Which one, by name.
        credential: CredentialReport,
    },
}

/// The request that a decision belongs to.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Of<'a> {
    /// Its name.
    pub request: &'a JobId,
    /// What its sender calls it.
    pub source: &'a Printable,
    /// Where it comes from.
    pub by: JobSource,
}

impl<'a> Of<'a> {
    pub(super) fn new(request: &'a Job) -> Self {
        Self { request: &request.id, source: &request.submission.source, by: request.submission.submitted_by }
    }
}

impl<'a> What<'a> {
    pub(super) fn of_container(of: Of<'a>, task: &'a TaskReport, container: &'a ContainerReport) -> Self {
        Self::Pull {
            of,
            task: task.family.as_ref(),
            container: &container.name,
            image: &container.image,
            via: container.via.as_ref(),
            digest: container.digest.as_ref(),
            result: container.result,
            credential: container.credential.as_ref(),
            verified: container.verified,
            attempts: container.attempts,
            waited_ms: container.waited_ms,
            duration_ms: container.duration_ms,
            failure: container.failure.as_ref(),
        }
    }

    pub(super) fn of_decision(decision: &AccessDecision<'_>) -> Self {
        let AccessDecision { caller: by, right, allowed, request: what } = *decision;
        Self::Access { by, right: right.word(), allowed, what: Printable::new(&what.to_string()) }
    }

    pub(super) fn of_given(given: &CredentialIssued<'a>) -> Self {
        let CredentialIssued { caller: to, target: what, provenance: origin } = *given;
        Self::Credential { to, what: Printable::new(what), credential: CredentialReport::from(origin) }
    }

    /// Now.
    pub(super) fn now(self) -> Line<'a> {
        Line { time: Timestamp::new(SystemTime::now()), what: self }
    }

    /// Whether it says that somebody did not get something.
    pub(super) fn is_against(&self) -> bool {
        match self {
            Self::Pull { failure, .. } => failure.is_some(),
            Self::Definition { .. } => true,
            Self::Access { allowed, .. } => !allowed,
            Self::Credential { .. } => false,
        }
    }

    /// What a journal finds it by, beside its text.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let by = |peer: &Peer| ("TASKPULL_UID", peer.uid.to_string());
        let of = |of: &Of<'_>| {
            let sender = if let JobSource::Peer(peer) = &of.by { Some(by(peer)) } else { None };
            [("TASKPULL_REQUEST", of.request.to_string())].into_iter().chain(sender)
        };
        match self {
            Self::Pull { of: request, container, image, .. } => {
                let own = [("TASKPULL_EVENT", "pull".to_owned()), ("TASKPULL_IMAGE", image.to_string())];
                let container = ("TASKPULL_CONTAINER", Printable::new(container).to_string());
                own.into_iter().chain(of(request)).chain([container]).collect()
            }
            Self::Definition { of: request, .. } => {
                [("TASKPULL_EVENT", "definition".to_owned())].into_iter().chain(of(request)).collect()
            }
            Self::Access { by: peer, right, .. } => {
                vec![("TASKPULL_EVENT", "access".to_owned()), ("TASKPULL_RIGHT", (*right).to_owned()), by(peer)]
            }
            Self::Credential { to, .. } => vec![("TASKPULL_EVENT", "credential".to_owned()), by(to)],
        }
    }
}
