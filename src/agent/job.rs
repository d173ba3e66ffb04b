//! What a caller, the watched folder or the cluster submits, and the job that the agent makes of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::job_id::JobId;
use super::timestamp::Timestamp;
use crate::error::Printable;

/// The process at the other end of the socket, as the kernel reports it (`SO_PEERCRED`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Peer {
    /// The effective user id.
    pub uid: u32,
    /// The effective group id.
    pub gid: u32,
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum JobSource {
    /// A process that sent it over the socket.
    Peer(Peer),
    /// A file of the watched folder.
    Folder,
    /// A task definition of the ECS cluster.
    Cluster,
}

impl JobSource {
    /// The user who sent the submission over the socket.
    #[must_use]
    pub fn uid(self) -> Option<u32> {
        if let Self::Peer(peer) = self { Some(peer.uid) } else { None }
    }

    /// Whether the watched folder or the cluster created the job. Its source is then
    /// authoritative: the job is not in the journal, does not count against the limits of the job
    /// store, and is shown until its source removes it.
    #[must_use]
    pub fn is_managed(self) -> bool {
        !matches!(self, Self::Peer(_))
    }
}

/// A task definition whose images are to be pulled, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    /// The name of the definition in reports: a path, an ARN, or what the caller chose.
    pub source: Printable,
    /// The definition as JSON, reduced to the keys that affect its pulls ([`crate::task::minimal_definition`]).
    pub definition: String,
    /// The caller's idempotency key: a second submission with it returns the first one's job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where the submission comes from.
    pub submitted_by: JobSource,
}

/// A submission that the agent has accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// The id, which also names the job's file in the journal.
    pub id: JobId,
    /// When the agent accepted it.
    pub accepted: Timestamp,
    /// The definition, and where it comes from.
    #[serde(flatten)]
    pub submission: Submission,
}

impl Job {
    /// Whether the watched folder or the cluster created the job.
    #[must_use]
    pub fn is_managed(&self) -> bool {
        self.submission.submitted_by.is_managed()
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobResult {
    /// Every image is on the engine.
    Succeeded,
    /// At least one image could not be pulled.
    Failed,
    /// The job was cancelled before all images were pulled.
    Cancelled,
}

impl JobResult {
    /// The result as JSON, metrics and traces write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}
