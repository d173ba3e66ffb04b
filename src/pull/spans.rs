//! What the spans of a pull say: names and numbers, never a value of a secret.

use std::sync::Arc;

use tokio::time::error::Elapsed;
use tracing::{Instrument as _, Span};

use super::outcome::{PullOutcome, PullResultKind, PulledImage};
use super::pull_error::PullError;
use super::retry_loop::PullMode;
use crate::credential::{Credential, Provenance};
use crate::error::{Class, Explain as _, Failure, Printable};
use crate::identity::Identity;
use crate::plan::{Need, PlannedPull};
use crate::traces;

/// Waits for a credential.
pub(super) async fn credential(
    pull: &PlannedPull,
    sought: impl Future<Output = Result<Credential, Arc<Failure>>>,
) -> Result<Credential, Arc<Failure>> {
    let span = traces::credential_span(kind(&pull.need), false);
    let found = sought.instrument(span.clone()).await;
    told(&span, &pull.need, found.as_ref().map(Some));
    found
}

/// Waits for one after a refusal.
pub(super) async fn renewed(
    pull: &PlannedPull,
    sought: impl Future<Output = Result<Option<Credential>, Arc<Failure>>>,
) -> Result<Option<Credential>, Arc<Failure>> {
    let span = traces::credential_span(kind(&pull.need), true);
    let found = sought.instrument(span.clone()).await;
    told(&span, &pull.need, found.as_ref().map(Option::as_ref));
    found
}

fn told(span: &Span, need: &Need, found: Result<Option<&Credential>, &Arc<Failure>>) {
    span.record("taskpull.identity", identity(need).map(Identity::name));
    match found {
        Ok(Some(Credential { provenance: Provenance::Secret { names, .. }, .. })) => {
            span.record("aws.secretsmanager.secret.arn", names.arn.as_str());
            span.record("taskpull.secret.version_id", names.version_id.as_str());
        }
        Ok(_) => {}
        Err(failure) => traces::record_failure(span, failure),
    }
}

/// The word for it that a report has.
fn kind(need: &Need) -> &'static str {
    match need {
        Need::Anonymous => "anonymous",
        Need::Secret { .. } => "secret",
        Need::Ecr { .. } => "ecr",
        Need::EcrPublic { .. } => "ecr-public",
        Need::HostLogin(_) => "instance",
    }
}

fn identity(need: &Need) -> Option<&Identity> {
    match need {
        Need::Secret { identity, .. } | Need::Ecr { identity, .. } | Need::EcrPublic { identity } => Some(identity),
        Need::Anonymous | Need::HostLogin(_) => None,
    }
}

/// The span of one attempt.
pub(super) fn attempt(number: u32, task: PullMode) -> Span {
    let task = match task {
        PullMode::Pull => "pull",
        PullMode::Verify => "verify",
    };
    traces::attempt_span(number, task)
}

/// How an attempt ended, if the pull's time was not over before.
pub(super) fn attempted(span: &Span, ended: &Result<Result<PulledImage, PullError>, Elapsed>) {
    match ended {
        _ if span.is_disabled() => {}
        Ok(Ok(_)) => {}
        Ok(Err(error)) => traces::record_failure(span, &error.to_failure()),
        Err(_) => traces::record_error(span, &Class::TimedOut, &Printable::new("the pull's time was over")),
    }
}

/// What a pull came to.
pub(super) fn pulled(span: &Span, outcome: &PullOutcome) {
    span.record("taskpull.attempts", outcome.attempts);
    match &outcome.result {
        Ok(PulledImage { digest, how, .. }) => {
            span.record("oci.manifest.digest", digest.as_deref());
            span.record("taskpull.result", result(how));
        }
        Err(failure) => traces::record_failure(span, failure),
    }
}

/// The word for it that a report has.
fn result(how: &PullResultKind) -> &'static str {
    match how {
        PullResultKind::Fetched => "pulled",
        PullResultKind::UpToDate => "up-to-date",
        PullResultKind::Cached { .. } => "cached",
    }
}
