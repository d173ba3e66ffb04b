//! The routes of requests: submit, list, show, follow, call off, check.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, LOCATION};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use hyper::body::Incoming;

use super::answer::{self, Answer, LINES};
use super::body;
use super::connection::Caller;
use super::problem::{Kind, Problem};
use super::query::Query;
use super::schemas::{KEY_LIMIT, LIST_LIMIT, SOURCE_LIMIT};
use super::server::Shared;
use super::view::{ListView, OnePull, PullView, StateWord};
use crate::agent::{AcceptedJob, JobId, JobPlan, JobSnapshot, JobSource, JobState, Submission};
use crate::error::Printable;
use crate::report::lines::only_line;
use crate::report::{Report, Verdict};
use crate::task::minimal_definition;

pub(super) async fn submit(
    shared: &Arc<Shared>,
    caller: Caller,
    query: &Query,
    request: Request<Incoming>,
) -> Result<Answer, Problem> {
    let key = key(request.headers())?;
    let is_followed = accepts_lines(request.headers());
    let (source, text, JobPlan { report, subjects }) = planned(shared, query, request).await?;
    if report.verdict() != Verdict::Good {
        return Err(Problem::of_report(report));
    }
    // What has a plan has an essence.
    let definition =
        minimal_definition(&text).ok_or_else(|| Problem::new(Kind::Internal, "the definition could not be kept"))?;
    let submission = Submission { source, definition, key, by: JobSource::Peer(caller.peer) };
    let AcceptedJob { id, before } = shared.desk.submit(submission).await?;
    let mut answer = if is_followed {
        events(shared, &id).await?
    } else {
        let mut view = whole(shared, shared.desk.show(&id)?).await;
        if view.pulls.is_empty() && view.ended.is_none() {
            view.pulls = subjects.into_iter().map(|subject| OnePull::new(subject, None)).collect();
        }
        answer::json(if before { StatusCode::OK } else { StatusCode::ACCEPTED }, &view)?
    };
    let location = HeaderValue::try_from(format!("/v1/pulls/{id}"));
    answer.headers_mut().extend(location.ok().map(|location| (LOCATION, location)));
    Ok(answer)
}

pub(super) async fn check(shared: &Arc<Shared>, query: &Query, request: Request<Incoming>) -> Result<Answer, Problem> {
    let (_, _, plan) = planned(shared, query, request).await?;
    answer::json(StatusCode::OK, &plan.report)
}

/// Reads a definition and plans it, beside the threads that answer.
async fn planned(
    shared: &Arc<Shared>,
    query: &Query,
    request: Request<Incoming>,
) -> Result<(Printable, Bytes, JobPlan), Problem> {
    let fits = |source: &str| (source.chars().count() <= SOURCE_LIMIT).then(|| Printable::new(source));
    let source = query.parse("source", fits)?.filter(|source| !source.as_str().is_empty());
    let source = source.unwrap_or_else(|| Printable::new("request"));
    let text = body::read(request, shared.request_timeout).await?;
    let (work, name, bytes) = (Arc::clone(&shared.work), source.clone(), text.clone());
    let plan = tokio::task::spawn_blocking(move || work.plan(name.as_str(), &bytes)).await;
    let plan = plan.map_err(|error| Problem::new(Kind::Internal, &error.to_string()))?;
    Ok((source, text, plan))
}

/// The sender's name for his submission.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(Problem::new(Kind::Malformed, "`Idempotency-Key` is there twice"));
    }
    let is_key = |key: &[u8]| (1..=KEY_LIMIT).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if is_key(key.as_bytes()) => Ok(Some(key.to_owned())),
        _ => Err(Problem::new(
            Kind::Malformed,
            &format!("`Idempotency-Key` is at most {KEY_LIMIT} visible characters of ASCII"),
        )),
    }
}

fn accepts_lines(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let mut types = accepted.flat_map(|accept| accept.split(','));
    types.any(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(LINES))
}

pub(super) fn list(shared: &Shared, caller: Caller, query: &Query) -> Result<Answer, Problem> {
    let state = query.parse("state", |word| serde_json::from_value::<StateWord>(word.into()).ok())?;
    let limit = query.parse("limit", |text| {
        text.parse()
            .ok()
            .filter(|limit| text.bytes().all(|byte| byte.is_ascii_digit()) && (1..=LIST_LIMIT).contains(limit))
    })?;
    let is_wanted = |view: &JobSnapshot| {
        (caller.rights.read || view.by.user() == Some(caller.peer.uid)) && state.is_none_or(|state| word(view) == state)
    };
    let views = shared.desk.list(limit.unwrap_or(100), is_wanted);
    answer::json(StatusCode::OK, &ListView { pulls: views.into_iter().map(PullView::brief).collect() })
}

fn word(view: &JobSnapshot) -> StateWord {
    match &view.standing {
        JobState::Open(open) => StateWord::from(&open.phase()),
        JobState::Ended { how, .. } => StateWord::from(*how),
    }
}

pub(super) async fn show(shared: &Arc<Shared>, id: &JobId) -> Result<Answer, Problem> {
    let view = shared.desk.show(id)?;
    answer::json(StatusCode::OK, &whole(shared, view).await)
}

pub(super) async fn cancel(shared: &Arc<Shared>, id: &JobId) -> Result<Answer, Problem> {
    let view = shared.desk.cancel(id).await?;
    answer::json(StatusCode::ACCEPTED, &whole(shared, view).await)
}

/// With its pulls, or what came of it.
async fn whole(shared: &Arc<Shared>, view: JobSnapshot) -> PullView {
    let pulls = match &view.standing {
        JobState::Open(open) => open.feed.pulls(),
        JobState::Ended { .. } => Vec::new(),
    };
    let pulls = pulls.into_iter().map(|(subject, state)| OnePull::new(subject, state)).collect();
    let mut view = PullView { pulls, ..PullView::brief(view) };
    if view.ended.is_some() {
        let (desk, id) = (Arc::clone(&shared.desk), view.id.clone());
        view.report = tokio::task::spawn_blocking(move || desk.report(&id)).await.ok().flatten();
    }
    view
}

/// What happens from now on; of a request that is over, the report.
pub(super) async fn events(shared: &Arc<Shared>, id: &JobId) -> Result<Answer, Problem> {
    let told = match shared.desk.show(id)?.standing {
        JobState::Open(open) => open.feed.listen(),
        JobState::Ended { .. } => None,
    };
    let body = if let Some(lines) = told {
        answer::lines(lines)
    } else {
        let view = whole(shared, shared.desk.show(id)?).await;
        let report = view.report.and_then(|report| serde_json::from_str::<Report>(report.get()).ok());
        answer::full(report.map(|report| only_line(&report)).unwrap_or_default())
    };
    Ok(answer::of(StatusCode::OK, LINES, body))
}
