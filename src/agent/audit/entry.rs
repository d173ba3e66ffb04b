//! The content of an audit line.

use std::time::SystemTime;

use schemars::JsonSchema;
use serde::Serialize;

use crate::agent::{AccessDecision, CredentialIssued, Job, JobId, JobSource, Peer, Right, Timestamp};
use crate::error::{Failure, Printable};
use crate::report::{ContainerReport, ContainerResult, CredentialReport, TaskReport};

/// One line of the audit log of `taskpull serve`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry<'a> {
    /// Time of the event.
    pub time: Timestamp,
    /// The event.
    #[serde(flatten)]
    pub event: AuditEvent<'a>,
}

/// An event that the audit log records.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum AuditEvent<'a> {
    /// The result of a container's pull, and the credential that was used.
    Pull {
        /// The request.
        #[serde(flatten)]
        subject: AuditSubject<'a>,
        /// Family of the task definition.
        #[serde(skip_serializing_if = "Option::is_none")]
        task: Option<&'a Printable>,
        /// Name of the container.
        container: &'a str,
        /// Image of the container; a valid reference is in full.
        image: &'a Printable,
        /// Image behind the pull-through cache rule, if the image was pulled through one.
        #[serde(skip_serializing_if = "Option::is_none")]
        via: Option<&'a Printable>,
        /// Digest of the image.
        #[serde(skip_serializing_if = "Option::is_none")]
        digest: Option<&'a Printable>,
        /// Result of the pull.
        result: ContainerResult,
        /// Names of the credential that was used, and the AWS calls that fetched it.
        #[serde(skip_serializing_if = "Option::is_none")]
        credential: Option<&'a CredentialReport>,
        /// For a cached image: whether the registry accepted the credential for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        verified: Option<bool>,
        /// Number of pull attempts.
        #[serde(skip_serializing_if = "Option::is_none")]
        attempts: Option<u32>,
        /// Wait for a permit, in milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        waited_ms: Option<u64>,
        /// Duration of the pull without the wait for a permit, in milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        duration_ms: Option<u64>,
        /// Reason why the image is missing.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<&'a Failure>,
    },
    /// The definition of a request is invalid.
    Definition {
        /// The request.
        #[serde(flatten)]
        subject: AuditSubject<'a>,
        /// Reason why the definition is invalid.
        failure: &'a Failure,
    },
    /// A decision on a request to the API.
    Access {
        /// Caller who made the request.
        submitted_by: Peer,
        /// Right that the request requires.
        right: Right,
        /// Whether the caller was allowed to make the request.
        allowed: bool,
        /// Method and path of the request.
        what: Printable,
    },
    /// A credential was issued to a caller.
    Credential {
        /// Caller who received the credential.
        to: Peer,
        /// Registry or image that the credential is for.
        what: Printable,
        /// Names of the credential.
        credential: CredentialReport,
    },
}

/// The request that an event belongs to.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditSubject<'a> {
    /// Id of the request.
    pub request: &'a JobId,
    /// Name that the submitter gave the definition.
    pub source: &'a Printable,
    /// Where the request came from.
    pub submitted_by: JobSource,
}

impl<'a> AuditSubject<'a> {
    pub(super) fn new(job: &'a Job) -> Self {
        Self { request: &job.id, source: &job.submission.source, submitted_by: job.submission.submitted_by }
    }
}

impl<'a> AuditEvent<'a> {
    pub(super) fn from_container(
        subject: AuditSubject<'a>,
        task: &'a TaskReport,
        container: &'a ContainerReport,
    ) -> Self {
        Self::Pull {
            subject,
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

    pub(super) fn from_decision(decision: &AccessDecision<'_>) -> Self {
        let AccessDecision { caller, right, allowed, request } = *decision;
        Self::Access { submitted_by: caller, right, allowed, what: Printable::new(&request.to_string()) }
    }

    pub(super) fn from_issued(credential: &CredentialIssued<'a>) -> Self {
        let CredentialIssued { caller: to, target: what, provenance } = *credential;
        Self::Credential { to, what: Printable::new(what), credential: CredentialReport::from(provenance) }
    }

    /// Returns an entry with the current time.
    pub(super) fn into_entry(self) -> AuditEntry<'a> {
        AuditEntry { time: Timestamp::new(SystemTime::now()), event: self }
    }

    /// Returns whether the event is a failure or a refusal; journald gets it as a warning.
    pub(super) fn is_negative(&self) -> bool {
        match self {
            Self::Pull { failure, .. } => failure.is_some(),
            Self::Definition { .. } => true,
            Self::Access { allowed, .. } => !allowed,
            Self::Credential { .. } => false,
        }
    }

    /// Returns the fields by which the journal can be searched. A value has no line end.
    pub(super) fn journald_fields(&self) -> Vec<(&'static str, String)> {
        let uid = |peer: &Peer| ("TASKPULL_UID", peer.uid.to_string());
        let request = |subject: &AuditSubject<'_>| {
            let submitter = if let JobSource::Peer(peer) = &subject.submitted_by { Some(uid(peer)) } else { None };
            [("TASKPULL_REQUEST", subject.request.to_string())].into_iter().chain(submitter)
        };
        let event = |name: &str| ("TASKPULL_EVENT", name.to_owned());
        match self {
            Self::Pull { subject, container, image, .. } => {
                let container = ("TASKPULL_CONTAINER", Printable::new(container).to_string());
                let image = ("TASKPULL_IMAGE", image.to_string());
                [event("pull"), image].into_iter().chain(request(subject)).chain([container]).collect()
            }
            Self::Definition { subject, .. } => [event("definition")].into_iter().chain(request(subject)).collect(),
            Self::Access { submitted_by, right, .. } => {
                vec![event("access"), ("TASKPULL_RIGHT", right.as_str().to_owned()), uid(submitted_by)]
            }
            Self::Credential { to, .. } => vec![event("credential"), uid(to)],
        }
    }
}
