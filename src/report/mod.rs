//! What came of it: one [`Report`], for people ([`text`]) and for programs (its JSON).
//!
//! A report names things (images, digests, ARNs, version ids) and never holds a value of
//! a secret; nothing in this room could print one, because nothing here has one.

mod build;
pub mod event;
mod merge;
pub mod ndjson;
mod outcome;
pub mod schema;
pub mod text;

pub(crate) use build::timestamp;
pub use outcome::RunOutcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Failure, Printable};

/// The result of one run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Raised when a field changes its meaning or goes.
    pub schema_version: u32,
    /// The tasks in the order they were given.
    pub tasks: Vec<TaskReport>,
    /// The inputs that could not be read, or are no task definitions.
    pub invalid_inputs: Vec<Failure>,
    /// The containers in numbers.
    pub summary: Summary,
}

/// One task definition's part.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskReport {
    /// Where it was read.
    pub source: Printable,
    /// Its family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Printable>,
    /// What is allowed and probably not meant.
    pub warnings: Vec<String>,
    /// Its containers in order.
    pub containers: Vec<ContainerReport>,
}

/// One container's part.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerReport {
    /// Its name.
    pub name: String,
    /// Its image, in full where it is a reference.
    pub image: Printable,
    /// The image's registry; Docker Hub is `docker.io`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// How it ended.
    pub result: ContainerResult,
    /// The image's digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Printable>,
    /// The image as a pull-through rule has it (`[[rewrite]]`), where that is the way that was
    /// taken, or is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Printable>,
    /// Why the upstream was asked instead of a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fell_back: Option<Box<FallbackReport>>,
    /// The credential that was used, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialReport>,
    /// Of a plan: what the upstream will be shown if the rule is unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_credential: Option<Box<CredentialReport>>,
    /// The platform that was asked for, by the task definition or for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted_platform: Option<String>,
    /// What the image was built for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Attempts made at the pull; containers of one pull say the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// The wait for the pull's turn, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<u64>,
    /// From the pull's turn to its end, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// What there is to know about the pull, however it ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Printable>,
    /// The attempts that failed and were followed by another one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retries: Vec<RetryReport>,
    /// Of a cached image: whether the registry has accepted the credential for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// Of a cached image: the failure of the pull that it stands in for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Box<Failure>>,
    /// Why the image is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A way through a pull-through rule that was given up for the upstream's own.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FallbackReport {
    /// The image as the rule has it.
    pub via: Printable,
    /// Why it could not be had there.
    pub because: Failure,
}

/// An attempt that failed and was followed by another one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetryReport {
    /// The number of the next attempt; the first was 1.
    pub attempt: u32,
    /// The wait before it, in milliseconds.
    pub wait_ms: u64,
    /// Why the one before had failed.
    pub because: Failure,
}

/// How it ended for a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerResult {
    /// The image was fetched.
    Pulled,
    /// The image was there already, and the registry said that it still is the one.
    UpToDate,
    /// A copy was there, and that was enough.
    Cached,
    /// The image is not there, or it is not known to be the right one.
    Failed,
    /// It was ended before it was done.
    Cancelled,
    /// `--dry-run`: nothing was asked.
    Planned,
}

/// Which credential served, never its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum CredentialReport {
    /// None was needed.
    Anonymous,
    /// A secret in Secrets Manager.
    Secret {
        /// Its ARN; in a plan, whatever the definition says.
        arn: Printable,
        /// The version that was read; a plan has not read any.
        #[serde(skip_serializing_if = "Option::is_none")]
        version_id: Option<Printable>,
        /// The staging label that was asked for, unless it was `AWSCURRENT`.
        #[serde(skip_serializing_if = "Option::is_none")]
        stage: Option<Printable>,
        /// What is odd about its content.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<Printable>,
        /// Its owner's account, where it is known without asking.
        #[serde(skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// Its Region, where it is known without asking.
        #[serde(skip_serializing_if = "Option::is_none")]
        region: Option<String>,
        /// Who reads it: `host`, or a role's ARN.
        identity: String,
        /// The value's age, when AWS did not answer and the kept one served.
        #[serde(skip_serializing_if = "Option::is_none")]
        stale_seconds: Option<u64>,
        /// The calls to AWS that brought it, by the ids that AWS's support asks for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        aws_requests: Vec<AwsRequestReport>,
    },
    /// A token of a private ECR registry.
    Ecr {
        /// Whose registry it is.
        account: String,
        /// Where it is, and where the token was got.
        region: String,
        /// Who asks for the token: `host`, or a role's ARN.
        identity: String,
        /// When the token ends; a plan has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
        /// The calls to AWS that brought it, by the ids that AWS's support asks for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        aws_requests: Vec<AwsRequestReport>,
    },
    /// ECR Public: a token where one could be had.
    EcrPublic {
        /// Who asks for the token: `host`, or a role's ARN.
        identity: String,
        /// When the token ends; a plan has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
        /// The calls to AWS that brought it, by the ids that AWS's support asks for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        aws_requests: Vec<AwsRequestReport>,
        /// Why there was no token, and the pull was anonymous.
        #[serde(skip_serializing_if = "Option::is_none")]
        without_token: Option<Printable>,
    },
    /// A login of the host's own.
    Instance {
        /// `ecs-engine-auth-data`, `docker-config`, or the credential helper's program.
        source: String,
        /// What it is for: a registry's host, or a path in it.
        matched: Printable,
    },
}

/// A call that AWS has answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AwsRequestReport {
    /// What was asked: `AssumeRole`, `GetSecretValue`, …
    pub operation: String,
    /// The id that AWS gave the call.
    pub id: Printable,
}

/// The containers of a report in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Containers whose image was fetched.
    pub pulled: usize,
    /// Containers whose image was up to date.
    pub up_to_date: usize,
    /// Containers whose image was there, and that was enough.
    pub cached: usize,
    /// Containers whose image is not there.
    pub failed: usize,
    /// Containers whose pull was ended.
    pub cancelled: usize,
    /// Containers that were only planned.
    pub planned: usize,
    /// Inputs that could not be read, or are no task definitions.
    pub invalid_inputs: usize,
    /// From start to end, in milliseconds.
    pub duration_ms: u64,
}
