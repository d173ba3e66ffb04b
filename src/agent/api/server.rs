//! Accepts connections on the socket and owns their tasks. Limits the connections
//! of one user, so that one user cannot occupy the whole server.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::connection;
use super::context::ApiState;
use crate::agent::{Peer, Shutdown};

/// Connections served at the same time. Further ones wait in the backlog of the socket; an idle
/// connection is closed after `agent.request_timeout`.
const MAX_CONNECTIONS: usize = 256;

/// Pause after a connection could not be accepted. Without file descriptors, an immediate retry
/// would fail again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Time to finish the last responses after the last job has ended.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// Serves the API on a socket.
pub struct Server<'a> {
    /// The state that all connections share.
    pub state: Arc<ApiState>,
    /// The socket that accepts connections.
    pub listener: &'a UnixListener,
}

impl Server<'_> {
    /// Accepts connections until `stop.drain`, then lets open connections finish their current
    /// response. `over` is cancelled when no job is running any more; responses that are still
    /// open shortly after that are cut off.
    pub async fn run(&self, stop: &Shutdown, over: &CancellationToken) {
        let (mut connections, mut quota) = (JoinSet::new(), ConnectionQuota::default());
        let mut is_failing = false;
        loop {
            tokio::select! {
                biased;
                () = stop.drain.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        is_failing = false;
                        let Ok(credentials) = stream.peer_cred() else { continue };
                        let peer = Peer { uid: credentials.uid(), gid: credentials.gid() };
                        let Some(slot) = quota.acquire(peer.uid) else {
                            tracing::warn!(uid = peer.uid, "connection closed: the user has too many open connections");
                            continue;
                        };
                        let serving = connection::serve(Arc::clone(&self.state), stream, peer, stop.drain.clone());
                        connections.spawn(async move {
                            serving.await;
                            drop(slot);
                        });
                    }
                    Err(error) => {
                        // Usually a lack of file descriptors; log it once until a connection succeeds.
                        if !std::mem::replace(&mut is_failing, true) {
                            tracing::warn!(%error, "accepting a connection failed");
                        }
                        sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
        let finished = async { while connections.join_next().await.is_some() {} };
        let deadline = async {
            over.cancelled().await;
            sleep(SHUTDOWN_GRACE).await;
        };
        tokio::select! {
            () = finished => {}
            () = deadline => {}
        }
        // A task that does not stop in time is aborted when the set is dropped.
        let _ = timeout(SHUTDOWN_GRACE, connections.shutdown()).await;
    }
}

/// Connections that one user may have open. Root is exempt, so that no user can lock root out.
const PER_USER: usize = 128;

/// One connection's share of its user's quota; dropping it gives the share back.
pub(super) type ConnectionSlot = Arc<()>;

/// The open connections by uid: each holds a clone of its user's slot.
#[derive(Default)]
pub(super) struct ConnectionQuota(HashMap<u32, ConnectionSlot>);

impl ConnectionQuota {
    /// Returns a slot for one more connection, or `None` if the user has no slot left.
    pub(super) fn acquire(&mut self, uid: u32) -> Option<ConnectionSlot> {
        self.0.retain(|_, slot| Arc::strong_count(slot) > 1);
        let slot = self.0.entry(uid).or_default();
        (uid == 0 || Arc::strong_count(slot) <= PER_USER).then(|| Arc::clone(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnectionQuota, PER_USER};

    #[test]
    fn users_are_limited_separately_and_root_is_not() {
        let mut quota = ConnectionQuota::default();
        let mut slots: Vec<_> = (0..PER_USER).map(|_| quota.acquire(1_000).unwrap()).collect();
        assert!(quota.acquire(1_000).is_none());
        assert!(quota.acquire(1_001).is_some());
        assert!((0..=PER_USER).all(|_| quota.acquire(0).is_some()));
        slots.pop();
        assert!(quota.acquire(1_000).is_some(), "a closed connection gives its slot back");
    }
}
