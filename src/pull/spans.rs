//! The attributes of a pull's spans: names and numbers, never the value of a secret.

use std::sync::Arc;

use tokio::time::error::Elapsed;
use tracing::{Instrument as _, Span};

use super::pull_error::PullError;
use super::pull_mode::PullMode;
use super::pull_outcome::PullOutcome;
use super::pulled_image::PulledImage;
use crate::credential::{Credential, Provenance};
use crate::error::{Class, Explain as _, Failure, Printable};
use crate::identity::Identity;
use crate::plan::{Need, PlannedPull};
use crate::traces;

/// Awaits a credential inside its span.
pub(super) async fn fetch_credential(
    pull: &PlannedPull,
    fetch: impl Future<Output = Result<Credential, Arc<Failure>>>,
) -> Result<Credential, Arc<Failure>> {
    let span = traces::credential_span(kind(&pull.need), false);
    let result = fetch.instrument(span.clone()).await;
    record_credential(&span, &pull.need, result.as_ref().map(Some));
    result
}

/// Awaits a newer credential after a refusal, inside its span.
pub(super) async fn refresh_credential(
    pull: &PlannedPull,
    refresh: impl Future<Output = Result<Option<Credential>, Arc<Failure>>>,
) -> Result<Option<Credential>, Arc<Failure>> {
    let span = traces::credential_span(kind(&pull.need), true);
    let result = refresh.instrument(span.clone()).await;
    record_credential(&span, &pull.need, result.as_ref().map(Option::as_ref));
    result
}

fn record_credential(span: &Span, need: &Need, result: Result<Option<&Credential>, &Arc<Failure>>) {
    span.record("taskpull.identity", identity(need).map(Identity::name));
    match result {
        Ok(Some(Credential { provenance: Provenance::Secret { names, .. }, .. })) => {
            span.record("aws.secretsmanager.secret.arn", names.arn.as_str());
            span.record("taskpull.secret.version_id", names.version_id.as_str());
        }
        Ok(_) => {}
        Err(failure) => traces::record_failure(span, failure),
    }
}

/// The kind of credential, named as in a report.
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
pub(super) fn attempt(number: u32, mode: PullMode) -> Span {
    traces::attempt_span(number, mode.name())
}

/// Records how an attempt ended; `Elapsed` means that the pull reached its deadline.
pub(super) fn end_attempt(span: &Span, result: &Result<Result<PulledImage, PullError>, Elapsed>) {
    match result {
        _ if span.is_disabled() => {}
        Ok(Ok(_)) => {}
        Ok(Err(error)) => traces::record_failure(span, &error.to_failure()),
        Err(_) => traces::record_error(span, &Class::TimedOut, &Printable::new("the pull reached its total deadline")),
    }
}

/// Records the outcome of a pull.
pub(super) fn end_pull(span: &Span, outcome: &PullOutcome) {
    span.record("taskpull.attempts", outcome.attempts);
    match &outcome.result {
        Ok(PulledImage { digest, kind, .. }) => {
            span.record("oci.manifest.digest", digest.as_deref());
            span.record("taskpull.result", kind.name());
        }
        Err(failure) => traces::record_failure(span, failure),
    }
}
