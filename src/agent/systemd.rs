//! The agent as a service of systemd: what it tells the service manager, and what it is handed.
//!
//! Where no service manager listens, all of it comes to nothing. What is told, is told from
//! the task that the runner lives in: an agent that hangs there is not taken for one that is
//! alive. An agent with nothing to do has one wake-up, the watchdog's.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join3;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::job_store::JobStore;
use super::worker::JobExecutor;
use crate::pipeline::Backoff;

/// The delays between two requests to an engine that does not answer at the start.
const BACKOFF: Backoff = Backoff::exponential(Duration::from_millis(250), Duration::from_secs(5));

/// The status is not told more often.
const STATUS_PAUSE: Duration = Duration::from_secs(1);

/// What the agent needs beyond its drain to be gone.
const FAREWELL: Duration = Duration::from_secs(10);

/// The listening socket that the service manager has handed over, if it has. To be called
/// once, before the process has a second thread: it forgets the variables that tell of it.
///
/// # Errors
/// What was handed over is no Unix socket that listens.
pub fn handed_over() -> io::Result<Option<UnixListener>> {
    ListenFd::from_env().take_unix_listener(0)
}

/// The service manager, as the agent knows it.
#[derive(Debug, Default)]
pub struct ServiceManager {
    is_ready: AtomicBool,
}

impl ServiceManager {
    /// Has the configuration read again, and says when that begins and ends.
    pub async fn reload(&self, read: impl Future<Output = ()>) {
        // Told `READY=1` after it, the service manager would take an agent that has no engine
        // yet for ready.
        if !self.is_ready.load(Ordering::Relaxed) {
            return read.await;
        }
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "the clock cannot be read"),
        }
        read.await;
        tell(&[NotifyState::Ready]);
    }

    /// Tells how the agent is, for as long as it is polled. The socket listens already.
    pub(super) async fn serve(
        &self,
        desk: &JobStore,
        work: &dyn JobExecutor,
        drain: &CancellationToken,
        drain_timeout: Duration,
    ) -> Infallible {
        let life = async {
            let ready = self.ready(work);
            if drain.run_until_cancelled(ready).await.is_some() {
                drain.cancelled().await;
            }
            let all = (drain_timeout + FAREWELL).as_micros().try_into().unwrap_or(u32::MAX);
            tell(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(all)]);
            desk.changed.notify_one();
        };
        join3(life, status(self, desk, drain), watchdog(desk)).await.2
    }

    /// Ready is who has an engine that answers.
    async fn ready(&self, work: &dyn JobExecutor) {
        let mut failures = 0;
        while let Err(failure) = work.engine().await {
            tell(&[NotifyState::Status(&format!("waiting for the engine: {}", failure.message))]);
            failures += 1;
            sleep(BACKOFF.max_delay(failures)).await;
        }
        self.is_ready.store(true, Ordering::Relaxed);
        tell(&[NotifyState::Ready, NotifyState::Status("nothing under way")]);
    }
}

/// One line about what is open, each time that changes.
async fn status(manager: &ServiceManager, desk: &JobStore, drain: &CancellationToken) {
    loop {
        desk.changed.notified().await;
        // Before that, it says what is waited for.
        if manager.is_ready.load(Ordering::Relaxed) || drain.is_cancelled() {
            let open = desk.tally(|_| true).to_string();
            let line = if drain.is_cancelled() { format!("ending: {open}") } else { open };
            tell(&[NotifyState::Status(&line)]);
        }
        sleep(STATUS_PAUSE).await;
    }
}

/// Says that the agent is alive, where somebody wants to know it: this task is polled, and the
/// desk gives its table.
async fn watchdog(desk: &JobStore) -> Infallible {
    let Some(limit) = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero()) else {
        return pending().await;
    };
    loop {
        let open = desk.open_count();
        tracing::trace!(open, "alive");
        tell(&[NotifyState::Watchdog]);
        sleep(limit / 2).await;
    }
}

/// A service manager that does not hear is no reason to end.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
