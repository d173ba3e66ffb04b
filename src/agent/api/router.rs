//! Checks each request against its route's required right, then calls the handler.
//!
//! Invariant: no handler runs before [`admit`] has allowed the request, and the observer is
//! informed of every decision about a right.

use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;

use super::access::Right;
use super::context::{ApiState, Caller};
use super::handlers::{credentials, pulls, status};
use super::problem::{Problem, ProblemKind};
use super::query::Query;
use super::response::ApiResponse;
use super::route::{Action, RequiredAccess, Route};
use super::{csrf_guard, openapi, routes};
use crate::agent::{AccessDecision, JobId, JobSource, JobStoreError, Peer};
use crate::error::Printable;

/// Responds to a request; a problem becomes a response too.
pub(super) async fn respond(state: &Arc<ApiState>, caller: Caller, request: Request<Incoming>) -> ApiResponse {
    dispatch(state, caller, request).await.unwrap_or_else(Problem::into_response)
}

async fn dispatch(state: &Arc<ApiState>, caller: Caller, request: Request<Incoming>) -> Result<ApiResponse, Problem> {
    let (route, id) = routes::find(request.method(), request.uri().path())?;
    let parsed_id = JobId::parse(id);
    admit(state, caller, route, parsed_id.as_ref(), &request)?;
    let unknown = || JobStoreError::NotFound { id: Printable::new(id).to_string() };
    let id = if id.is_empty() { None } else { Some(parsed_id.ok_or_else(unknown)?) };
    let query = Query::parse(request.uri(), route.parameters)?;
    match (route.action, &id) {
        (Action::Submit, _) => pulls::submit(state, caller, &query, request).await,
        (Action::Plan, _) => pulls::plan(state, &query, request).await,
        (Action::List, _) => pulls::list(state, caller, &query),
        (Action::Show, Some(id)) => pulls::show(state, id).await,
        (Action::Events, Some(id)) => pulls::events(state, id).await,
        (Action::Cancel, Some(id)) => pulls::cancel(state, id).await,
        (Action::Login, _) => credentials::issue_login(state, caller, request).await,
        (Action::Health, _) => status::health(),
        (Action::Ready, _) => status::ready(state).await,
        (Action::Metrics, _) => Ok(status::metrics(state)),
        (Action::Version, _) => status::version(),
        (Action::Document, _) => Ok(openapi::response()),
        (Action::Show | Action::Events | Action::Cancel, None) => {
            Err(Problem::new(ProblemKind::INTERNAL, "the route has no id"))
        }
    }
}

/// Refuses a request that came through a browser or a proxy, or whose caller lacks the right,
/// and informs the observer of the decision.
fn admit(
    state: &ApiState,
    caller: Caller,
    route: &Route,
    id: Option<&JobId>,
    request: &Request<Incoming>,
) -> Result<(), Problem> {
    let origin = || Some(state.job_store.get(id?).ok()?.submitted_by);
    let check_access =
        || if is_allowed(route.access, caller, origin) { Ok(()) } else { Err(denied(route.access, caller)) };
    let admitted = csrf_guard::check(request).and_then(|()| check_access());
    if let Some(right) = route.access.right() {
        let request = format_args!("{} {}", request.method(), request.uri().path());
        let (caller, allowed) = (caller.peer, admitted.is_ok());
        state.observer.access_decided(&AccessDecision { caller, right, allowed, request });
    }
    admitted
}

/// Returns whether the caller may use a route. A request that does not exist counts as the
/// caller's own, so that the response is 404; a managed job belongs to no caller.
fn is_allowed(access: RequiredAccess, Caller { peer, rights }: Caller, origin: impl Fn() -> Option<JobSource>) -> bool {
    let is_own = || origin().is_none_or(|origin| origin.uid() == Some(peer.uid));
    match access {
        RequiredAccess::Anyone => true,
        RequiredAccess::Right(right) => rights.include(right),
        RequiredAccess::ReadOrOwn => rights.read || rights.submit && is_own(),
        RequiredAccess::Own => rights.submit && (peer.uid == 0 || is_own()),
    }
}

pub(super) fn denied(access: RequiredAccess, Caller { peer: Peer { uid, gid }, rights }: Caller) -> Problem {
    let detail = match access.right() {
        Some(Right::Submit) if rights.submit => {
            format!("user {uid} did not submit this request; only its submitter and root may cancel it")
        }
        right => {
            let list = right.unwrap_or(Right::Read).as_str();
            format!("user {uid} (group {gid}) is not in `access.{list}`")
        }
    };
    Problem::new(ProblemKind::NO_RIGHT, &detail)
}
