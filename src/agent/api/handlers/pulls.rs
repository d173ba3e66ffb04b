//! Routes of pull requests: submit, plan, list, show, follow, cancel.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, LOCATION};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use hyper::body::Incoming;

use crate::agent::api::context::{ApiState, Caller};
use crate::agent::api::dto::{JobStatus, PullItem, PullList, PullView};
use crate::agent::api::problem::{Problem, ProblemKind};
use crate::agent::api::query::Query;
use crate::agent::api::request_body;
use crate::agent::api::response::{self, ApiResponse, NDJSON};
use crate::agent::api::schemas::{KEY_LIMIT, LIST_DEFAULT, LIST_LIMIT, SOURCE_LIMIT};
use crate::agent::{AcceptedJob, JobId, JobPlan, JobSnapshot, JobSource, JobState, Submission};
use crate::error::Printable;
use crate::report::ndjson::report_line;
use crate::report::{Report, RunOutcome};
use crate::task::minimal_definition;

/// A definition from a request body, with its plan.
struct PlannedDefinition {
    source: Printable,
    text: Bytes,
    plan: JobPlan,
}

pub(in crate::agent::api) async fn submit(
    state: &Arc<ApiState>,
    caller: Caller,
    query: &Query,
    request: Request<Incoming>,
) -> Result<ApiResponse, Problem> {
    let key = idempotency_key(request.headers())?;
    let is_followed = accepts_ndjson(request.headers());
    let PlannedDefinition { source, text, plan: JobPlan { report, subjects } } =
        plan_body(state, query, request).await?;
    if report.outcome() != RunOutcome::Success {
        return Err(Problem::from_report(report));
    }
    // Cannot fail: the definition was parsed for its plan.
    let definition = minimal_definition(&text)
        .ok_or_else(|| Problem::new(ProblemKind::INTERNAL, "the definition could not be reduced to the keys in use"))?;
    let submission = Submission { source, definition, key, submitted_by: JobSource::Peer(caller.peer) };
    let AcceptedJob { id, is_duplicate } = state.job_store.submit(submission).await?;
    let mut response = if is_followed {
        events(state, &id).await?
    } else {
        let mut view = full_view(state, state.job_store.get(&id)?).await;
        if view.pulls.is_empty() && view.ended.is_none() {
            view.pulls = subjects.into_iter().map(|subject| PullItem::new(subject, None)).collect();
        }
        response::json(if is_duplicate { StatusCode::OK } else { StatusCode::ACCEPTED }, &view)?
    };
    let location = HeaderValue::try_from(format!("/v1/pulls/{id}"));
    response.headers_mut().extend(location.ok().map(|location| (LOCATION, location)));
    Ok(response)
}

pub(in crate::agent::api) async fn plan(
    state: &Arc<ApiState>,
    query: &Query,
    request: Request<Incoming>,
) -> Result<ApiResponse, Problem> {
    let PlannedDefinition { plan, .. } = plan_body(state, query, request).await?;
    Ok(response::json(StatusCode::OK, &plan.report)?)
}

/// Reads a definition from the body and plans it on a blocking thread.
async fn plan_body(
    state: &Arc<ApiState>,
    query: &Query,
    request: Request<Incoming>,
) -> Result<PlannedDefinition, Problem> {
    let source =
        query.get("source", |source| (source.chars().count() <= SOURCE_LIMIT).then(|| Printable::new(source)))?;
    let source = source.filter(|source| !source.as_str().is_empty()).unwrap_or_else(|| Printable::new("request"));
    let text = request_body::read(request, state.request_timeout).await?;
    let (executor, name, definition) = (Arc::clone(&state.executor), source.clone(), text.clone());
    let plan = tokio::task::spawn_blocking(move || executor.plan(name.as_str(), &definition)).await;
    let plan = plan.map_err(|error| Problem::new(ProblemKind::INTERNAL, &error.to_string()))?;
    Ok(PlannedDefinition { source, text, plan })
}

/// Returns the idempotency key of a request, if it has one.
pub(in crate::agent::api) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(Problem::new(ProblemKind::MALFORMED, "the header `Idempotency-Key` occurs twice"));
    }
    let is_valid = |key: &&str| (1..=KEY_LIMIT).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    match key.to_str().ok().filter(is_valid) {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Problem::new(
            ProblemKind::MALFORMED,
            &format!("the header `Idempotency-Key` must have 1 to {KEY_LIMIT} visible ASCII characters"),
        )),
    }
}

fn accepts_ndjson(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let mut types = accepted.flat_map(|accept| accept.split(','));
    types.any(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(NDJSON))
}

pub(in crate::agent::api) fn list(state: &ApiState, caller: Caller, query: &Query) -> Result<ApiResponse, Problem> {
    let status = query.get("state", |status| serde_json::from_value::<JobStatus>(status.into()).ok())?;
    let limit = query.get("limit", parse_limit)?;
    let is_included = |view: &JobSnapshot| {
        let is_visible = caller.rights.read || view.submitted_by.uid() == Some(caller.peer.uid);
        is_visible && status.is_none_or(|status| JobStatus::from(&view.state) == status)
    };
    let views = state.job_store.list(limit.unwrap_or(LIST_DEFAULT), is_included);
    let pulls = views.into_iter().map(PullView::summary).collect();
    Ok(response::json(StatusCode::OK, &PullList { pulls })?)
}

/// Parses decimal digits only; `usize` would also accept a sign.
fn parse_limit(text: &str) -> Option<usize> {
    let limit = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())??;
    (1..=LIST_LIMIT).contains(&limit).then_some(limit)
}

pub(in crate::agent::api) async fn show(state: &Arc<ApiState>, id: &JobId) -> Result<ApiResponse, Problem> {
    let view = state.job_store.get(id)?;
    Ok(response::json(StatusCode::OK, &full_view(state, view).await)?)
}

pub(in crate::agent::api) async fn cancel(state: &Arc<ApiState>, id: &JobId) -> Result<ApiResponse, Problem> {
    let view = state.job_store.cancel(id).await?;
    Ok(response::json(StatusCode::ACCEPTED, &full_view(state, view).await)?)
}

/// Adds the status of each pull of an open request, or the report of one that has ended.
async fn full_view(state: &Arc<ApiState>, view: JobSnapshot) -> PullView {
    let pulls = match &view.state {
        JobState::Open(open) => open.events.pulls(),
        JobState::Ended { .. } => Vec::new(),
    };
    let pulls = pulls.into_iter().map(|(subject, state)| PullItem::new(subject, state)).collect();
    let mut view = PullView { pulls, ..PullView::summary(view) };
    if view.ended.is_some() {
        let (job_store, id) = (Arc::clone(&state.job_store), view.id.clone());
        view.report = tokio::task::spawn_blocking(move || job_store.report(&id)).await.ok().flatten();
    }
    view
}

/// Streams the events of an open request; for one that has ended, returns its report as the only
/// event.
pub(in crate::agent::api) async fn events(state: &Arc<ApiState>, id: &JobId) -> Result<ApiResponse, Problem> {
    let subscription = match state.job_store.get(id)?.state {
        JobState::Open(open) => open.events.subscribe(),
        JobState::Ended { .. } => None,
    };
    let body = if let Some(lines) = subscription {
        response::event_stream(lines)
    } else {
        let view = full_view(state, state.job_store.get(id)?).await;
        let report = view.report.and_then(|report| serde_json::from_str::<Report>(report.get()).ok());
        response::full(report.map(|report| report_line(&report)).unwrap_or_default())
    };
    Ok(response::new(StatusCode::OK, NDJSON, body))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;

    use super::{KEY_LIMIT, accepts_ndjson, idempotency_key, parse_limit};

    #[test]
    fn a_limit_is_a_number_in_digits_within_bounds() {
        assert_eq!(["1", "0100", "1000"].map(parse_limit), [Some(1), Some(100), Some(1_000)]);
        assert_eq!(["", "0", "+1", "-1", "1001", "1e2", " 1", "99999999999999999999"].map(parse_limit), [None; 8]);
    }

    proptest! {
        #[test]
        fn an_idempotency_key_is_taken_unchanged_or_refused(bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            "[!-~]{1,300}".prop_map(String::into_bytes),
        ]) {
            // Bytes that no header can have do not arrive here.
            let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
            let headers = HeaderMap::from_iter([(http::HeaderName::from_static("idempotency-key"), value)]);
            let is_valid = (1..=KEY_LIMIT).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
            match idempotency_key(&headers) {
                Ok(key) => prop_assert!(is_valid && key.unwrap().as_bytes() == bytes),
                Err(_) => prop_assert!(!is_valid),
            }
        }

        #[test]
        fn ndjson_is_found_among_any_accepted_types(before in "[ -~&&[^,]]{0,20}", quality in "(;q=[01])?") {
            let accepts = |value: String| {
                let value = HeaderValue::try_from(value).unwrap();
                accepts_ndjson(&HeaderMap::from_iter([(http::header::ACCEPT, value)]))
            };
            let (with, without) = (format!("{before}, application/X-NDJSON{quality}"), format!("{before}+x{quality}"));
            prop_assert!(accepts(with));
            prop_assert!(!accepts(without));
        }
    }
}
