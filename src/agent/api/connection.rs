//! Serves one connection: identifies the caller, then routes the requests one after the other.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::context::{ApiState, Caller};
use super::write_timeout::WriteTimeout;
use super::{router, user_groups};
use crate::agent::Peer;

/// Longest head of a request, in bytes, approximately: hyper checks it after each read. A
/// `source` of the greatest length takes three quarters of it, percent-encoded and with
/// characters of four bytes.
const MAX_HEAD: usize = 64 << 10;

/// Maximum number of headers of a request.
const MAX_HEADERS: usize = 64;

/// Longest lookup of a user's groups. If a directory service does not answer in time, the caller
/// has the rights of the process's own user and group only.
const GROUP_LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

/// Limits concurrent group lookups. A lookup that hangs occupies its blocking thread, and the
/// journal needs some of those threads too.
static GROUP_LOOKUPS: Semaphore = Semaphore::const_new(16);

/// Serves a connection until the client closes it, or until the current response after `drain`.
pub(super) async fn serve(state: Arc<ApiState>, stream: UnixStream, peer: Peer, drain: CancellationToken) {
    let caller = identify(&state, peer).await;
    let service = service_fn(|request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(router::respond(&state, caller, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(state.request_timeout);
    builder.max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS);
    let stream = TokioIo::new(WriteTimeout::new(stream, state.request_timeout));
    let mut connection = pin!(builder.serve_connection(stream, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = drain.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(uid = caller.peer.uid, %error, "connection failed");
    }
}

/// Determines the rights of a peer. Looks up the user's groups only if they could add a right.
async fn identify(state: &ApiState, peer: Peer) -> Caller {
    let Peer { uid, gid } = peer;
    let (rights, is_final) = state.with_access(|access| {
        let rights = access.rights(uid, &[gid]);
        (rights, !access.more_groups_matter(rights))
    });
    if is_final {
        return Caller { peer, rights };
    }
    let groups = async {
        let permit = GROUP_LOOKUPS.acquire().await.ok()?;
        let lookup = tokio::task::spawn_blocking(move || {
            let groups = user_groups::group_ids(uid, gid);
            drop(permit);
            groups
        });
        lookup.await.ok()
    };
    if let Ok(Some(groups)) = timeout(GROUP_LOOKUP_TIMEOUT, groups).await {
        return Caller { peer, rights: state.with_access(|access| access.rights(uid, &groups)) };
    }
    tracing::warn!(uid, "group lookup timed out; rights given to further groups of the user do not apply");
    Caller { peer, rights }
}
