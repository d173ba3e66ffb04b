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
use tokio::sync::Semaphore;
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
use crate::agent::{AccessDecision, JobId, JobSource, JobStoreError, Peer};
use crate::error::Printable;

/// Longest head of a request, in bytes, give or take a read: a `source` as long as it may be
/// takes three quarters of it, percent-encoded, in a script whose characters have four bytes.
const HEAD: usize = 64 << 10;

/// A directory service may not answer; then the process's own groups have to do.
const GROUPS_WITHIN: Duration = Duration::from_secs(2);

/// Lookups at a time. One that hangs has its thread, and those that write to disk need some.
static LOOKUPS: Semaphore = Semaphore::const_new(16);

/// Who is at the other end, and what he may do; settled once for a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub peer: Peer,
    pub rights: Rights,
}

/// Serves a connection until it ends, or `drain` and the request under way is answered.
pub(super) async fn serve(shared: Arc<Shared>, stream: UnixStream, peer: Peer, drain: CancellationToken) {
    let caller = recognised(&shared, peer).await;
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
    let groups = async {
        let lookup = LOOKUPS.acquire().await.ok()?;
        let groups = tokio::task::spawn_blocking(move || {
            let groups = people::groups_of(uid, gid);
            drop(lookup);
            groups
        });
        groups.await.ok()
    };
    if let Ok(Some(groups)) = timeout(GROUPS_WITHIN, groups).await {
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
    let known = JobId::parse(id);
    admit(shared, caller, route, known.as_ref(), &request)?;
    let unknown = || JobStoreError::NotFound { id: Printable::new(id).to_string() };
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
    id: Option<&JobId>,
    request: &Request<Incoming>,
) -> Result<(), Problem> {
    let origin = || Some(shared.desk.get(id?).ok()?.submitted_by);
    let refused = || Problem::new(Kind::NoRight, &refusal(route.demand, caller));
    let allowed = || if is_allowed(route.demand, caller, origin) { Ok(()) } else { Err(refused()) };
    let admitted = guard::check(request).and_then(|()| allowed());
    if let Some(right) = route.demand.right() {
        let request = format_args!("{} {}", request.method(), request.uri().path());
        let (caller, allowed) = (caller.peer, admitted.is_ok());
        shared.witness.access_decided(&AccessDecision { caller, right, allowed, request });
    }
    admitted
}

/// What is nobody's, because there is no such request, is answered as such. What a file or the
/// cluster wants is no user's own.
fn is_allowed(demand: Demand, Caller { peer, rights }: Caller, origin: impl Fn() -> Option<JobSource>) -> bool {
    let is_own = || origin().is_none_or(|by| by.uid() == Some(peer.uid));
    match demand {
        Demand::Nothing => true,
        Demand::Of(right) => rights.include(right),
        Demand::ReadOrOwn => rights.read || rights.submit && is_own(),
        Demand::Own => rights.submit && (peer.uid == 0 || is_own()),
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
