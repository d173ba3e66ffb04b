//! The watched folder: every `*.json` in it is a task definition whose images are to be here,
//! from the start on, after each change, and again on a schedule.
//!
//! The folder is the truth, and so nothing of it is kept on disk. What is looked at is told by
//! inotify ([`watch`]) and by the schedule ([`super::schedule`]); the disk is read in [`look`] and
//! [`read`], what follows is decided in [`scan`] and [`files`]. While nothing changes nothing
//! wakes up. No image is ever deleted.

mod diff;
mod files;
mod listing;
mod read;
mod watch;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use self::files::Files;
use self::listing::RescanRequest;
use self::watch::Watch;
use super::jitter;
use super::job_store::JobStore;
use super::observer::AgentObserver;
use crate::config::FolderSettings;

/// How often a folder is read that cannot be watched.
const UNWATCHED: Duration = Duration::from_mins(1);

/// When a disk that does not answer is told of.
const SILENT: Duration = Duration::from_secs(30);

/// The watched folder of an agent.
pub(super) struct WatchedFolder<'a> {
    /// Where its files are carried out.
    pub desk: &'a JobStore,
    /// Who is told of a file that cannot be.
    pub witness: &'a dyn AgentObserver,
    /// Which folder, and how often.
    pub settings: &'a FolderSettings,
}

impl WatchedFolder<'_> {
    /// Watches it until the agent is to end.
    pub(super) async fn run(&self, drain: &CancellationToken) {
        drain.run_until_cancelled(self.attend()).await;
    }

    async fn attend(&self) {
        // A path that cannot be made absolute is told of when it is read.
        let path = std::path::absolute(&self.settings.path).unwrap_or_else(|_| self.settings.path.clone());
        let interval = self.settings.interval;
        let mut watch = Watch::new(&path);
        let mut state = State {
            files: Files::new(self.desk, self.witness, path.clone(), interval),
            place: FolderStatus::Unknown,
            path,
            has_links: false,
        };
        let (mut wanted, mut rescan) = (RescanRequest::everything(), None);
        loop {
            if wanted.everything {
                let after =
                    if watch.renew() { interval } else { Some(interval.map_or(UNWATCHED, |it| it.min(UNWATCHED))) };
                rescan = after.map(|after| jitter::next(Instant::now(), after, fastrand::f64()));
            }
            state.attend(&wanted).await;
            let wake = state.files.wake().into_iter().chain(rescan).min();
            wanted = tokio::select! {
                biased;
                heard = watch.settled() => heard.or_everything_of_links(state.has_links),
                now = until(wake) => RescanRequest {
                    everything: rescan.is_some_and(|rescan| rescan <= now),
                    due: state.files.due(now),
                    ..RescanRequest::default()
                },
            };
        }
    }
}

/// Waits for a time, if there is one to wait for.
async fn until(wake: Option<Instant>) -> Instant {
    match wake {
        Some(wake) => sleep_until(wake).await,
        None => std::future::pending().await,
    }
    Instant::now()
}

struct State<'a> {
    files: Files<'a>,
    place: FolderStatus,
    path: PathBuf,
    /// Whether a file is a link: then something else in the folder may change it.
    has_links: bool,
}

/// What was last said of the folder itself.
#[derive(PartialEq, Eq)]
enum FolderStatus {
    Unknown,
    Absent,
    Unreadable(io::ErrorKind),
    There,
}

impl State<'_> {
    /// Looks at what is wanted, and does what follows.
    async fn attend(&mut self, wanted: &RescanRequest) {
        let (path, of_disk) = (self.path.clone(), wanted.clone());
        let seen = match blocking(move || listing::look(&path, &of_disk)).await.flatten() {
            Ok(seen) => seen,
            Err(error) => return self.without_folder(&error),
        };
        let is_new =
            wanted.everything && std::mem::replace(&mut self.place, FolderStatus::There) != FolderStatus::There;
        self.has_links = seen.has_links || (self.has_links && !wanted.everything);
        let changes = diff::changes(&self.files.stamps(), &seen, wanted);
        for name in &changes.gone {
            self.files.gone(name);
        }
        self.read(&changes.to_read).await;
        self.files.begin_again(&wanted.due);
        if is_new || !changes.to_read.is_empty() || !changes.gone.is_empty() {
            let (files, broken) = self.files.count();
            let (read, gone) = (changes.to_read.len(), changes.gone.len());
            tracing::info!(folder = %self.path.display(), files, read, gone, broken, "the folder was looked at");
        }
    }

    async fn read(&mut self, names: &[OsString]) {
        let (path, wanted) = (self.path.clone(), names.to_vec());
        let all = move || wanted.iter().map(|name| read::read(&path.join(name))).collect::<Vec<_>>();
        match blocking(all).await {
            Ok(read) => names.iter().zip(read).for_each(|(name, read)| self.files.took(name, read)),
            Err(error) => tracing::error!(%error, "the files could not be read"),
        }
    }

    /// A folder that is not there has no files; of one that cannot be read nothing is known.
    fn without_folder(&mut self, error: &io::Error) {
        let is_absent = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        let place = if is_absent { FolderStatus::Absent } else { FolderStatus::Unreadable(error.kind()) };
        if is_absent {
            self.files.all_gone();
        }
        if place == self.place {
            return;
        }
        let folder = self.path.display();
        if is_absent {
            tracing::info!(%folder, "there is no such folder; it is waited for");
        } else {
            tracing::warn!(%folder, %error, "the folder cannot be read; what was in it stays");
        }
        self.place = place;
    }
}

/// Does what waits for a disk where nothing else waits for it. A disk that never answers costs
/// the folder alone, and the end of the agent does not wait for it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let mut done = tokio::task::spawn_blocking(work);
    if let Ok(done) = timeout(SILENT, &mut done).await {
        return done.map_err(io::Error::other);
    }
    tracing::warn!(after = ?SILENT, "the disk of the folder does not answer; it is waited for");
    done.await.map_err(io::Error::other)
}
