//! The state of the watched folder between two scans, and the loop that waits for changes or
//! the schedule.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::definition_files::DefinitionFiles;
use super::file_read::FileRead;
use super::folder_watch::FolderWatch;
use super::listing::{FolderChanges, FolderListing, RescanRequest};
use crate::agent::job_store::JobStore;
use crate::agent::observer::AgentObserver;
use crate::agent::panics::catch_panic;
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
            if catch_panic(state.scan(&request)).await.is_err() {
                tracing::error!(folder = %state.path.display(), "scanning the folder again after a panic");
                sleep(UNWATCHED_INTERVAL).await;
                request = RescanRequest::everything();
                continue;
            }
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

/// How long a file system may take to respond before the log says so.
const SLOW_DISK: Duration = Duration::from_secs(30);

pub(super) struct FolderState<'a> {
    pub files: DefinitionFiles<'a>,
    path: PathBuf,
    /// Whether a file is a symbolic link, so that other names in the folder can change it.
    pub has_links: bool,
    status: FolderStatus,
}

/// The state of the folder itself, as the log last reported it.
#[derive(PartialEq, Eq)]
enum FolderStatus {
    Unknown,
    Absent,
    Unreadable(io::ErrorKind),
    Readable,
}

impl<'a> FolderState<'a> {
    pub(super) fn new(path: PathBuf, files: DefinitionFiles<'a>) -> Self {
        Self { files, path, has_links: false, status: FolderStatus::Unknown }
    }

    /// Checks the requested files, and updates their jobs.
    pub(super) async fn scan(&mut self, request: &RescanRequest) {
        let (path, to_list) = (self.path.clone(), request.clone());
        let listing = match run_blocking(move || FolderListing::read(&path, &to_list)).await.flatten() {
            Ok(listing) => listing,
            Err(error) => return self.handle_folder_error(&error),
        };
        let was_readable = self.status == FolderStatus::Readable;
        if request.everything {
            self.status = FolderStatus::Readable;
        }
        self.has_links = listing.has_links || (self.has_links && !request.everything);
        let changes = FolderChanges::new(&self.files.fingerprints(), &listing, request);
        for name in &changes.removed {
            self.files.remove(name);
        }
        self.read(&changes.to_read).await;
        self.files.pull_due_files(&request.due);
        let (read, removed) = (changes.to_read.len(), changes.removed.len());
        if (request.everything && !was_readable) || read > 0 || removed > 0 {
            let (files, invalid) = (self.files.count(), self.files.count_invalid());
            tracing::info!(folder = %self.path.display(), files, read, removed, invalid, "folder scanned");
        }
    }

    async fn read(&mut self, names: &[OsString]) {
        let (path, to_read) = (self.path.clone(), names.to_vec());
        let read_all = move || to_read.iter().map(|name| FileRead::read(&path.join(name))).collect::<Vec<_>>();
        match run_blocking(read_all).await {
            Ok(reads) => names.iter().zip(reads).for_each(|(name, read)| self.files.update(name, read)),
            Err(error) => tracing::error!(%error, "definition files could not be read"),
        }
    }

    /// A folder that does not exist has no files. Of a folder that cannot be read, the known files
    /// stay in use.
    fn handle_folder_error(&mut self, error: &io::Error) {
        let is_absent = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        let status = if is_absent { FolderStatus::Absent } else { FolderStatus::Unreadable(error.kind()) };
        if is_absent {
            self.files.remove_all();
        }
        if status == self.status {
            return;
        }
        let folder = self.path.display();
        if is_absent {
            tracing::info!(%folder, "watched folder does not exist; waiting for it");
        } else {
            tracing::warn!(%folder, %error, "watched folder could not be read; its known definitions stay in use");
        }
        self.status = status;
    }
}

/// Runs an operation that blocks on the disk in a separate thread. A disk that never responds
/// blocks the watched folder only, and not the end of the agent.
async fn run_blocking<T: Send + 'static>(operation: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let mut task = tokio::task::spawn_blocking(operation);
    if let Ok(result) = timeout(SLOW_DISK, &mut task).await {
        return result.map_err(io::Error::other);
    }
    tracing::warn!(after = ?SLOW_DISK, "file system of the watched folder does not respond; still waiting");
    task.await.map_err(io::Error::other)
}
