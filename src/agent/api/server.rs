//! The server: connections in a set that it owns, and so many at a time.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::connection;
use crate::agent::{AgentObserver, JobExecutor, JobStore, Peer, Shutdown};

/// Connections at a time. More wait in the socket's backlog for one to end; each that says
/// nothing ends after `agent.request_timeout`.
const CONNECTIONS: usize = 256;

/// Connections that one user may have of them; further ones of his are closed. root may have
/// all, and nobody keeps root out.
const SHARE: usize = 128;

/// How long an answer may take once the last request is over.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What every connection needs.
pub struct Shared {
    /// The requests.
    pub desk: Arc<JobStore>,
    /// Who plans them, and knows of the engine.
    pub work: Arc<dyn JobExecutor>,
    /// Who is told of every decision.
    pub witness: Arc<dyn AgentObserver>,
    /// Who may do what; read again by whoever reads the settings again.
    pub access: Arc<RwLock<Access>>,
    /// Writes the metrics.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// The longest wait for a part of a request, and for a reader of an answer.
    pub request_timeout: Duration,
}

impl Shared {
    /// Does something with the lists as they are now.
    pub(super) fn with_access<T>(&self, look: impl FnOnce(&Access) -> T) -> T {
        look(&self.access.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Answers on a socket.
pub struct Server<'a> {
    /// What every connection needs.
    pub shared: Arc<Shared>,
    /// The socket.
    pub listener: &'a UnixListener,
}

impl Server<'_> {
    /// Runs until `stop.drain`: then nobody new is let in, and who is being answered is
    /// answered, which may take until `over`, when no request is under way any more.
    pub async fn run(&self, stop: &Shutdown, over: &CancellationToken) {
        let (mut connections, mut places) = (JoinSet::new(), Places::default());
        let mut is_refused = false;
        loop {
            tokio::select! {
                biased;
                () = stop.drain.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        is_refused = false;
                        let Some((peer, place)) = places.take(&stream) else { continue };
                        let served = connection::serve(Arc::clone(&self.shared), stream, peer, stop.drain.clone());
                        connections.spawn(async move {
                            served.await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        // Out of file descriptors, for one: what is open ends some day.
                        if !std::mem::replace(&mut is_refused, true) {
                            tracing::warn!(%error, "a connection could not be accepted");
                        }
                        sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        }
        let answered = async { while connections.join_next().await.is_some() {} };
        let too_late = async {
            over.cancelled().await;
            sleep(LAST_WORDS).await;
        };
        tokio::select! {
            () = answered => {}
            () = too_late => {}
        }
        // Dropped with the set, and so ended.
        let _ = timeout(LAST_WORDS, connections.shutdown()).await;
    }
}

/// How many connections each user has: each holds a place of his.
#[derive(Default)]
struct Places(HashMap<u32, Arc<()>>);

impl Places {
    /// Who is at the other end, and his place; `None` when he has his share.
    fn take(&mut self, stream: &UnixStream) -> Option<(Peer, Arc<()>)> {
        let peer = stream.peer_cred().ok()?;
        let peer = Peer { uid: peer.uid(), gid: peer.gid() };
        self.0.retain(|_, place| Arc::strong_count(place) > 1);
        let place = self.0.entry(peer.uid).or_default();
        if peer.uid != 0 && Arc::strong_count(place) > SHARE {
            tracing::warn!(uid = peer.uid, "a connection was closed: the user has as many as he may have");
            return None;
        }
        Some((peer, Arc::clone(place)))
    }
}
