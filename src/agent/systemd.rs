//! Integration with systemd: readiness, status line, watchdog and socket activation.
//!
//! Without a service manager, all of this does nothing. Notifications are sent from the task that
//! runs the worker, so a watchdog notification proves that the worker is not blocked. An idle
//! agent wakes up for the watchdog only.

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
use crate::retry::Backoff;

/// The delays between checks of an engine that does not respond when the agent starts.
const ENGINE_CHECK_BACKOFF: Backoff = Backoff::exponential(Duration::from_millis(250), Duration::from_secs(5));

/// The shortest time between two status lines.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// The time that the agent needs to exit after its drain timeout.
const EXIT_MARGIN: Duration = Duration::from_secs(10);

/// Takes the listening socket that the service manager passed to the process, if it passed one.
/// Call this once and before the process has a second thread: it removes environment variables.
///
/// # Errors
/// The file descriptor that was passed is not a listening Unix socket.
pub fn take_activation_socket() -> io::Result<Option<UnixListener>> {
    ListenFd::from_env().take_unix_listener(0)
}

/// Notifies the service manager of the agent's state.
#[derive(Debug, Default)]
pub struct ServiceManager {
    is_ready: AtomicBool,
}

impl ServiceManager {
    /// Reloads the configuration, and notifies the service manager of the start and the end.
    pub async fn reload(&self, reload: impl Future<Output = ()>) {
        // A reload ends with `READY=1`, which must not be sent before the engine has responded.
        if !self.is_ready.load(Ordering::Relaxed) {
            return reload.await;
        }
        match NotifyState::monotonic_usec_now() {
            Ok(now) => notify(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "the monotonic clock could not be read"),
        }
        reload.await;
        notify(&[NotifyState::Ready]);
    }

    /// Sends notifications for as long as the future is polled. The socket must already listen.
    pub(super) async fn run(
        &self,
        job_store: &JobStore,
        executor: &dyn JobExecutor,
        drain: &CancellationToken,
        drain_timeout: Duration,
    ) -> Infallible {
        let lifecycle = async {
            if drain.run_until_cancelled(self.wait_for_engine(executor)).await.is_some() {
                drain.cancelled().await;
            }
            let stop_timeout = (drain_timeout + EXIT_MARGIN).as_micros().try_into().unwrap_or(u32::MAX);
            notify(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(stop_timeout)]);
            job_store.changed.notify_one();
        };
        join3(lifecycle, self.send_status(job_store, drain), send_watchdog(job_store)).await.2
    }

    /// The agent is ready when its engine responds.
    async fn wait_for_engine(&self, executor: &dyn JobExecutor) {
        let mut failures = 0;
        while let Err(failure) = executor.check_engine().await {
            notify(&[NotifyState::Status(&format!("waiting for the engine: {}", failure.message))]);
            failures += 1;
            sleep(ENGINE_CHECK_BACKOFF.max_delay(failures)).await;
        }
        self.is_ready.store(true, Ordering::Relaxed);
        notify(&[NotifyState::Ready, NotifyState::Status("idle")]);
    }

    /// Sends the number of open jobs as the status line whenever it has changed.
    async fn send_status(&self, job_store: &JobStore, drain: &CancellationToken) {
        loop {
            job_store.changed.notified().await;
            // Until the agent is ready, the status line says what it waits for.
            if self.is_ready.load(Ordering::Relaxed) || drain.is_cancelled() {
                let counts = job_store.count(|_| true).to_string();
                let line = if drain.is_cancelled() { format!("stopping: {counts}") } else { counts };
                notify(&[NotifyState::Status(&line)]);
            }
            sleep(STATUS_INTERVAL).await;
        }
    }
}

/// Notifies the watchdog, if it is enabled, twice per timeout. This proves that the worker's task
/// is polled and that the job store is not locked.
async fn send_watchdog(job_store: &JobStore) -> Infallible {
    let Some(timeout) = sd_notify::watchdog_enabled().filter(|timeout| !timeout.is_zero()) else {
        return pending().await;
    };
    loop {
        let open = job_store.open_count();
        tracing::trace!(open, "watchdog notified");
        notify(&[NotifyState::Watchdog]);
        sleep(timeout / 2).await;
    }
}

/// Sends a notification. The agent continues if the service manager cannot be reached.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be notified");
    }
}
