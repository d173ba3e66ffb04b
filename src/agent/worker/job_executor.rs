//! The interface between the agent and the pipeline.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::agent::job::Submission;
use crate::agent::job_events::JobEvents;
use crate::error::Failure;
use crate::pipeline::IssuedLogin;
use crate::report::{Report, Subject};
use crate::task::ImageReference;

/// Executes submissions. The agent decides when and how often.
pub trait JobExecutor: Send + Sync {
    /// Plans the pulls of a definition, without contacting AWS, a registry or the engine.
    fn plan(&self, source: &str, definition: &[u8]) -> JobPlan;

    /// Checks once whether the engine responds, within the deadline of a small request.
    fn check_engine(&self) -> BoxFuture<'_, Result<(), Failure>>;

    /// Returns the login for the registry of an image; `None` if taskpull does not manage logins
    /// for that registry. The wait is bounded.
    fn login<'a>(&'a self, image: &'a ImageReference) -> BoxFuture<'a, Result<Option<IssuedLogin>, Arc<Failure>>>;

    /// Plans the submission, starts `events` with its pulls, and pulls its images. Ends early when
    /// `interrupt` is cancelled.
    fn run<'a>(
        &'a self,
        submission: &'a Submission,
        events: &'a JobEvents,
        interrupt: &'a CancellationToken,
    ) -> BoxFuture<'a, Report>;
}

/// The plan of a submission.
pub struct JobPlan {
    /// Each container as it would be pulled, or why it cannot be.
    pub report: Report,
    /// The pulls, without duplicates.
    pub subjects: Vec<Subject>,
}
