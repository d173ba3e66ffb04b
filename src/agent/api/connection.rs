//! One connection: whose it is, and its requests one after the other.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::access::Rights;
use super::answer::Answer;
use super::patient::Patient;
use super::problem::{Kind, Problem};
use super::query::Query;
use super::routes::{Action, Demand, Route};
use super::server::Shared;
use super::{credentials, document, guard, people, pulls, routes, state};
use crate::agent::{Access, DeskError, Peer, RequestId};
use crate::error::Printable;

/// Longest head of a request, in bytes.
const HEAD: usize = 16 << 10;

/// A directory service may not answer; then the process's own groups have to do.
const GROUPS_WITHIN: Duration = Duration::from_secs(2);

/// Who is at the other end, and what he may do; settled once for a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub peer: Peer,
    pub rights: Rights,
}

/// Serves a connection until it ends, or `drain` and the request under way is answered.
pub(super) async fn serve(shared: Arc<Shared>, stream: UnixStream, drain: CancellationToken) {
    let Ok(peer) = stream.peer_cred() else { return };
    let caller = recognised(&shared, Peer { uid: peer.uid(), gid: peer.gid() }).await;
    let patience = shared.request_timeout;
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(&shared, caller, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(HEAD).max_headers(64);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(Patient::new(stream, patience)), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = drain.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(uid = caller.peer.uid, %error, "a connection ended early");
    }
}

async fn recognised(shared: &Shared, peer: Peer) -> Caller {
    let Peer { uid, gid } = peer;
    let (rights, is_settled) = shared.with_access(|access| {
        let rights = access.rights(uid, &[gid]);
        (rights, !access.more_groups_matter(rights))
    });
    if is_settled {
        return Caller { peer, rights };
    }
    let groups = tokio::task::spawn_blocking(move || people::groups_of(uid, gid));
    if let Ok(Ok(groups)) = timeout(GROUPS_WITHIN, groups).await {
        return Caller { peer, rights: shared.with_access(|access| access.rights(uid, &groups)) };
    }
    tracing::warn!(uid, "the user's groups could not be looked up in time");
    Caller { peer, rights }
}

async fn answer(shared: &Arc<Shared>, caller: Caller, request: Request<Incoming>) -> Answer {
    match answered(shared, caller, request).await {
        Ok(answer) => answer,
        Err(problem) => problem.into_answer(),
    }
}

async fn answered(shared: &Arc<Shared>, caller: Caller, request: Request<Incoming>) -> Result<Answer, Problem> {
    let (route, id) = routes::find(request.method(), request.uri().path())?;
    let known = RequestId::parse(id);
    admit(shared, caller, route, known.as_ref(), &request)?;
    let unknown = || DeskError::Unknown { id: Printable::new(id).to_string() };
    let id = if id.is_empty() { None } else { Some(known.ok_or_else(unknown)?) };
    let query = Query::read(request.uri(), route)?;
    match (route.action, &id) {
        (Action::Submit, _) => pulls::submit(shared, caller, &query, request).await,
        (Action::Check, _) => pulls::check(shared, &query, request).await,
        (Action::List, _) => pulls::list(shared, caller, &query),
        (Action::Show, Some(id)) => pulls::show(shared, id).await,
        (Action::Events, Some(id)) => pulls::events(shared, id).await,
        (Action::Cancel, Some(id)) => pulls::cancel(shared, id).await,
        (Action::Login, _) => credentials::give(shared, caller, request).await,
        (Action::Health, _) => state::health(),
        (Action::Ready, _) => state::ready(shared).await,
        (Action::Metrics, _) => Ok(state::metrics(shared)),
        (Action::Version, _) => state::version(),
        (Action::Document, _) => Ok(document::answer()),
        (Action::Show | Action::Events | Action::Cancel, None) => {
            Err(Problem::new(Kind::Internal, "the route has no id"))
        }
    }
}

/// Lets a request pass whose sender may make it, and tells the witness either way.
fn admit(
    shared: &Shared,
    caller: Caller,
    route: &Route,
    id: Option<&RequestId>,
    request: &Request<Incoming>,
) -> Result<(), Problem> {
    let owner = || shared.desk.show(id?).ok()?.by.user();
    let refused = || Problem::new(Kind::NoRight, &refusal(route.demand, caller));
    let allowed = || if is_allowed(route.demand, caller, owner) { Ok(()) } else { Err(refused()) };
    let admitted = guard::check(request).and_then(|()| allowed());
    if let Some(right) = route.demand.right() {
        let what = format!("{} {}", request.method(), request.uri().path());
        let (by, allowed) = (caller.peer, admitted.is_ok());
        shared.witness.decided(&Access { by, right, allowed, what: &what });
    }
    admitted
}

/// What is nobody's, because there is no such request, is answered as such.
fn is_allowed(demand: Demand, Caller { peer, rights }: Caller, owner: impl Fn() -> Option<u32>) -> bool {
    match demand {
        Demand::Nothing => true,
        Demand::Of(right) => rights.include(right),
        Demand::ReadOrOwn => rights.read || rights.submit && owner().is_none_or(|owner| owner == peer.uid),
        Demand::Own => rights.submit && (peer.uid == 0 || owner().is_none_or(|owner| owner == peer.uid)),
    }
}

fn refusal(demand: Demand, Caller { peer, rights }: Caller) -> String {
    let Peer { uid, gid } = peer;
    let setting = match demand.right() {
        Some(super::Right::Submit) if rights.submit => {
            return format!("user {uid} did not send it: its sender may, and root");
        }
        Some(super::Right::Submit) => "access.submit",
        Some(super::Right::Credentials) => "access.credentials",
        _ => "access.read",
    };
    format!("user {uid} (group {gid}) is not in `{setting}`")
}
