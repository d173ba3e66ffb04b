//! Keeps a defect in one part of the agent from ending the others.
//!
//! A panic is a defect of taskpull or of a library. It must not end the agent, because a host would
//! then have no pulls at all. The hook logs and counts every panic, wherever it is caught.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::sleep;

use super::metrics::AgentMetrics;

/// The pause before a part that panicked starts again.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// A part of the agent panicked; the hook has logged where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panicked;

/// Logs and counts every panic of the process from now on. The log has the place in the source and
/// not the message, which may quote a secret.
pub fn report_panics(metrics: &Arc<AgentMetrics>) {
    let metrics = Arc::clone(metrics);
    panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        metrics.record_panic();
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%location, "panic: this is a defect of taskpull, please report it");
    }));
}

/// Runs one piece of work, and returns after a panic in it.
pub(super) async fn catch_panic<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Panicked)
}

/// Runs a part of the agent, and starts it again after a panic.
pub(super) async fn restart_after_panic<T>(part: &'static str, mut start: impl AsyncFnMut() -> T) -> T {
    loop {
        if let Ok(end) = catch_panic(start()).await {
            return end;
        }
        tracing::error!(part, "restarting after a panic");
        sleep(RESTART_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Panicked, catch_panic, report_panics, restart_after_panic};
    use crate::agent::AgentMetrics;

    #[tokio::test]
    async fn every_panic_is_counted() {
        let metrics = Arc::<AgentMetrics>::default();
        report_panics(&metrics);
        assert!(metrics.render_counted().contains("\ntaskpull_panics_total 0\n"));
        assert_eq!(catch_panic(async { panic!("in a test") }).await, Err::<(), _>(Panicked));
        assert!(metrics.render_counted().contains("\ntaskpull_panics_total 1\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn part_that_panics_is_started_again() {
        let mut starts = 0;
        let end = restart_after_panic("test", async || {
            starts += 1;
            assert!(starts > 2, "in a test");
            starts
        });
        assert_eq!(end.await, 3);
    }

    #[tokio::test]
    async fn panic_of_one_piece_of_work_is_a_value() {
        assert_eq!(catch_panic(async { panic!("in a test") }).await, Err::<(), _>(Panicked));
        assert_eq!(catch_panic(async { 1 }).await, Ok(1));
    }
}
