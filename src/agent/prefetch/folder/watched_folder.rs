//! The loop that waits for changes or the schedule, and scans.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::definition_files::DefinitionFiles;
use super::folder_state::FolderState;
use super::folder_watch::FolderWatch;
use super::rescan_request::RescanRequest;
use crate::agent::job_store::JobStore;
use crate::agent::observer::AgentObserver;
use crate::agent::prefetch::jitter;
use crate::config::FolderSettings;

/// The longest interval between two scans of a folder that inotify cannot watch.
const UNWATCHED_INTERVAL: Duration = Duration::from_mins(1);

/// The watched folder of an agent.
pub(in crate::agent) struct WatchedFolder<'a> {
    /// Runs the definitions as managed jobs.
    pub job_store: &'a JobStore,
    /// Receives the failure of a file that is invalid.
    pub observer: &'a dyn AgentObserver,
    /// The path of the folder and the interval of the schedule.
    pub settings: &'a FolderSettings,
}

impl WatchedFolder<'_> {
    /// Watches the folder until `drain` is cancelled.
    pub(in crate::agent) async fn run(&self, drain: &CancellationToken) {
        drain.run_until_cancelled(self.run_forever()).await;
    }

    async fn run_forever(&self) {
        // If the path cannot be made absolute, the first scan reports the error.
        let path = std::path::absolute(&self.settings.path).unwrap_or_else(|_| self.settings.path.clone());
        let interval = self.settings.interval;
        let mut watch = FolderWatch::new(&path);
        let files = DefinitionFiles::new(self.job_store, self.observer, path.clone(), interval);
        let mut state = FolderState::new(path, files);
        let (mut request, mut next_full_scan) = (RescanRequest::everything(), None);
        loop {
            if request.everything {
                let is_watched = watch.renew();
                let unwatched = interval.map_or(UNWATCHED_INTERVAL, |interval| interval.min(UNWATCHED_INTERVAL));
                next_full_scan = if is_watched { interval } else { Some(unwatched) }.map(jitter::next_due);
            }
            state.scan(&request).await;
            let next_due = state.files.next_due().into_iter().chain(next_full_scan).min();
            request = tokio::select! {
                biased;
                changed = watch.changes() => changed.follow_links(state.has_links),
                now = wait_until(next_due) => RescanRequest {
                    everything: next_full_scan.is_some_and(|due| due <= now),
                    due: state.files.due(now),
                    ..RescanRequest::default()
                },
            };
        }
    }
}

/// Waits until a time, or forever if there is none.
async fn wait_until(time: Option<Instant>) -> Instant {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
    Instant::now()
}
